package dev.tidemark.server.log.fetch;

import dev.tidemark.server.log.tail.Tail;
import java.sql.SQLException;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks which partitions that are remembered have gone with their topics, some in each run: else what is remembered would grow with all the topics there ever
 * were. One run at a time.
 */
final class TailTidying implements Runnable {
    /** Asked for together, which takes some 10 ms. */
    static final int PARTITIONS = 1_000;

    private static final Logger LOG = LoggerFactory.getLogger(TailTidying.class);

    private final Tail tail;
    private final PartitionReader reader;
    private int last = -1;

    TailTidying(Tail tail, PartitionReader reader) {
        this.tail = tail;
        this.reader = reader;
    }

    @Override
    public void run() {
        List<Integer> next = tail.partitionIdsAfter(last, PARTITIONS);
        last = next.size() < PARTITIONS ? -1 : next.get(PARTITIONS - 1);
        if (next.isEmpty()) {
            return;
        }
        try {
            tail.forget(reader.observe(next));
        } catch (SQLException | RuntimeException e) {
            // Whoever reads says so.
            LOG.debug("not looked for deleted topics, to be done later: {}", e.toString());
        }
    }
}
