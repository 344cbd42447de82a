package dev.tidemark.server.log.fetch;

import dev.tidemark.server.log.tail.Slice;
import dev.tidemark.server.log.tail.Tail;
import dev.tidemark.server.topic.Topic;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads into the tail what other servers have appended where somebody reads at the known end: once for all who do, and one read after another, so that what is
 * told of during one is read by the next. However many consumers there are, that is one connection's work, and their fetches are answered from memory. A read
 * that fails is made up for by the next fetch, or {@link LogEndPoller}. Thread-safe.
 */
final class Follower implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Follower.class);

    /** Read together; a first record of any size each is held together, too. */
    static final int MAX_PARTITIONS = 32;

    private static final int MAX_RECORDS = 10_000;
    private static final int MAX_BYTES = 1 << 20;

    /** A consumer comes back once it has handled what it got; what comes meanwhile is there by then. */
    static final Duration LINGER = Duration.ofMillis(100);

    /** Long enough to be polled for after the last fetch, so that the next one finds what nobody has told of. */
    static final Duration POLLED_FOR = LogEndPoller.USUAL_PERIOD.multipliedBy(4);

    private final Tail tail;
    private final LogReader reader;
    private final FetchMetrics metrics;
    private final LongSupplier nanoClock;
    private final ExecutorService thread =
            Executors.newSingleThreadExecutor(work -> new Thread(work, "fetch-follower"));
    private final Map<Integer, Followed> followed = new ConcurrentHashMap<>();
    private final Set<Integer> hinted = ConcurrentHashMap.newKeySet();
    private final OneAtATime reads = new OneAtATime(thread, this::readHinted);

    /** Whether the last read failed. Of the read under way. */
    private boolean failing;

    /**
     * A partition at whose known end somebody waits, or was a moment ago.
     *
     * @param leftNanos when somebody was last seen there without waiting, or stopped waiting
     */
    private record Followed(Topic topic, int partition, int waiting, long leftNanos) {
        Followed joined(Topic newest) {
            return new Followed(newest, partition, waiting + 1, leftNanos);
        }

        Followed visited(Topic newest, long nowNanos) {
            return new Followed(newest, partition, waiting, nowNanos);
        }

        Followed left(long nowNanos) {
            return new Followed(topic, partition, waiting - 1, nowNanos);
        }

        boolean isOver(Duration after, long nowNanos) {
            return waiting == 0 && nowNanos - leftNanos > after.toNanos();
        }
    }

    Follower(Tail tail, LogReader reader, FetchMetrics metrics, LongSupplier nanoClock) {
        this.tail = tail;
        this.reader = reader;
        this.metrics = metrics;
        this.nanoClock = nanoClock;
    }

    /**
     * A fetch of these did not wait, because there was something to answer elsewhere. Those it was at the known end of are followed for a moment, and read where
     * something was told of: so the next fetch finds it.
     */
    void visit(Collection<FetchRequest.Position> positions) {
        long now = nanoClock.getAsLong();
        List<Integer> behind = new ArrayList<>();
        for (FetchRequest.Position position : positions) {
            int id = position.partitionId();
            Tail.Range range = tail.range(id);
            if (range != null && position.offset() == range.logEndOffset()) {
                followed.compute(id, (unused, known) -> orNew(known, position).visited(position.topic(), now));
                if (tail.isBehindHint(id)) {
                    behind.add(id);
                }
            }
        }
        read(behind);
    }

    /** Somebody waits at these; they are followed until as many have {@link #leave left}, and a moment longer. */
    void follow(Collection<FetchRequest.Position> positions) {
        for (FetchRequest.Position position : positions) {
            followed.compute(
                    position.partitionId(),
                    (id, known) -> orNew(known, position).joined(position.topic()));
        }
    }

    private static Followed orNew(@Nullable Followed known, FetchRequest.Position position) {
        return known == null ? new Followed(position.topic(), position.partition(), 0, 0) : known;
    }

    void leave(Collection<FetchRequest.Position> positions) {
        long now = nanoClock.getAsLong();
        for (FetchRequest.Position position : positions) {
            followed.computeIfPresent(position.partitionId(), (id, known) -> known.left(now));
        }
    }

    /** The partitions at whose known ends somebody waits, or was lately: to be polled for. */
    List<Integer> awaited() {
        long now = nanoClock.getAsLong();
        List<Integer> ids = new ArrayList<>();
        followed.forEach((id, partition) -> {
            if (!partition.isOver(POLLED_FOR, now)) {
                ids.add(id);
            }
        });
        return ids;
    }

    /** To be called now and then: forgets partitions that nobody waits at any more. */
    void forgetLeft() {
        long now = nanoClock.getAsLong();
        followed.values().removeIf(partition -> partition.isOver(POLLED_FOR, now));
    }

    /** Another server tells of its log ends, by partition id. Quick, blocks on nothing. */
    void hint(Map<Integer, Long> logEndOffsets) {
        long now = nanoClock.getAsLong();
        read(tail.hint(logEndOffsets).stream()
                .filter(id -> {
                    Followed known = followed.get(id);
                    return known != null && !known.isOver(LINGER, now);
                })
                .toList());
    }

    /** Reads what there is to read of these, soon. */
    void read(Collection<Integer> partitionIds) {
        if (partitionIds.isEmpty()) {
            return;
        }
        hinted.addAll(partitionIds);
        reads.ask();
    }

    private void readHinted() {
        List<LogReader.Wanted> wanted = next();
        while (!wanted.isEmpty()) {
            read(wanted);
            wanted = next();
        }
    }

    private List<LogReader.Wanted> next() {
        List<LogReader.Wanted> wanted = new ArrayList<>();
        for (Iterator<Integer> ids = hinted.iterator(); ids.hasNext() && wanted.size() < MAX_PARTITIONS; ) {
            int id = ids.next();
            ids.remove();
            Followed partition = followed.get(id);
            Tail.Range range = tail.range(id);
            if (partition != null && range != null && tail.isBehindHint(id)) {
                tail.asking(id);
                wanted.add(new LogReader.Wanted(partition.topic(), partition.partition(), range.logEndOffset()));
            }
        }
        return wanted;
    }

    private void read(List<LogReader.Wanted> wanted) {
        long startNanos = System.nanoTime();
        try {
            if (tail.keepsRecords()) {
                reader.readTogether(wanted, MAX_RECORDS, MAX_BYTES, reads -> found(wanted, reads));
            } else {
                observed(reader.ranges(
                        wanted.stream().map(LogReader.Wanted::partitionId).toList()));
            }
            metrics.followed(System.nanoTime() - startNanos);
            failing = false;
        } catch (SQLException | RuntimeException e) {
            wanted.forEach(partition -> tail.hint(Map.of(partition.partitionId(), partition.offset() + 1)));
            if (!failing) {
                failing = true;
                LOG.warn("what other servers appended was not read: {}", e.toString());
            }
        }
    }

    private void found(List<LogReader.Wanted> wanted, Map<Integer, LogReader.Read> reads) {
        List<Tail.Seen> seen = new ArrayList<>();
        for (LogReader.Wanted partition : wanted) {
            LogReader.Read read = reads.get(partition.partitionId());
            if (read != null) {
                seen.add(new Tail.Seen(partition.partitionId(), read.range().seen(), batch(partition, read)));
            }
        }
        tail.observed(seen);
    }

    /** Whoever waits reads for itself. */
    private void observed(List<LogReader.Range> ranges) {
        tail.observed(ranges.stream()
                .map(range -> new Tail.Seen(range.partitionId(), range.seen(), null))
                .toList());
    }

    /** Null where there is nothing, or offsets are missing, which the tail cannot hold. */
    private static Tail.@Nullable Batch batch(LogReader.Wanted partition, LogReader.Read read) {
        List<Slice> records = read.records();
        return records == null || read.nextOffset() - partition.offset() != read.recordCount()
                ? null
                : new Tail.Batch(
                        partition.partitionId(), partition.offset(), read.recordCount(), Slice.together(records));
    }

    /** Waits a little for a read that is under way. */
    @Override
    public void close() {
        thread.shutdownNow();
        try {
            if (!thread.awaitTermination(1, TimeUnit.SECONDS)) {
                LOG.debug("a read of what other servers appended did not end in time");
            }
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        }
    }
}
