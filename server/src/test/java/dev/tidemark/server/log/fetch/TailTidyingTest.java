package dev.tidemark.server.log.fetch;

import static dev.tidemark.server.log.TestLog.batch;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.log.epoch.LeaderEpochs;
import dev.tidemark.server.log.tail.Tail;
import dev.tidemark.server.testing.TestDatabase;
import dev.tidemark.server.topic.Topic;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

@Timeout(60)
class TailTidyingTest {
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private final Tail tail = new Tail(1 << 20);
    private final ThreadPoolExecutor readers =
            new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(1));
    private TestLog log;
    private PartitionReader reader;

    @BeforeEach
    void start() {
        log = new TestLog(database.database());
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        LeaderEpochs epochs = new LeaderEpochs(database.database(), tail, registry);
        FetchMetrics metrics = new FetchMetrics(registry, List.of());
        LogReader logReader = new LogReader(database.database(), epochs, metrics);
        reader = new PartitionReader(
                tail, logReader, new ReadAhead(logReader::read, readers, 0, System::nanoTime), metrics);
    }

    @AfterEach
    void stop() {
        readers.shutdownNow();
        log.close();
    }

    private static int id(Topic topic, int partition) {
        return topic.partitionId(partition);
    }

    @Test
    void partitionsOfDeletedTopicsAreForgottenSliceBySlice() throws Exception {
        Topic kept = log.topic(TailTidying.PARTITIONS, Map.of());
        Topic deleted = log.topic(2, Map.of());
        log.append(kept, batch(7, "a"));
        reader.observe(List.of(id(deleted, 0), id(deleted, 1)));
        for (int partition = 0; partition < kept.partitionCount(); partition++) {
            tail.observed(id(kept, partition), new Tail.Range(tail.leaderEpoch(), 0, 0));
        }
        TailTidying tidying = new TailTidying(tail, reader);
        tidying.run();
        log.topics().delete(deleted.name());

        tidying.run();

        assertThat(tail.range(id(deleted, 0))).isNull();
        assertThat(tail.partitionIdsAfter(-1, 10_000)).hasSize(kept.partitionCount());
        assertThat(tail.knownEnds()).containsOnlyKeys(id(kept, 7));

        tail.observed(id(deleted, 1), new Tail.Range(tail.leaderEpoch(), 0, 3));
        tidying.run();
        assertThat(tail.knownEnds()).as("the first slice again").containsKey(id(deleted, 1));
        tidying.run();
        assertThat(tail.knownEnds()).containsOnlyKeys(id(kept, 7));
    }
}
