package dev.tidemark.server.log.append;

import static dev.tidemark.server.log.TestLog.TIMEOUT_SECONDS;
import static dev.tidemark.server.log.TestLog.batch;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.log.append.BatchOutcome.Appended;
import dev.tidemark.server.testing.TestDatabase;
import dev.tidemark.server.topic.Topic;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** How many partitions' locks one database transaction takes. */
@Timeout(120)
class PartitionsTogetherTest {
    private static final int MORE_THAN_TOGETHER = Appender.MAX_PARTITIONS + 100;

    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private TestLog log;

    @BeforeEach
    void start() {
        log = new TestLog(database.database());
    }

    @AfterEach
    void stop() {
        log.close();
    }

    @Test
    void whatGathersWhileALaneIsBusyIsAppendedInTransactionsOfABoundedNumberOfPartitions() throws Exception {
        Topic topic = log.topic(TestLog.LANES * MORE_THAN_TOGETHER, Map.of());
        List<Integer> ofOneLane = IntStream.range(0, topic.partitionCount())
                .filter(partition -> topic.partitionId(partition) % TestLog.LANES == 0)
                .boxed()
                .toList();
        int first = ofOneLane.get(0);
        // Of the transaction after that the highest: it waits for this one with all the others' locks.
        int last = ofOneLane.get(Appender.MAX_PARTITIONS);
        List<CompletableFuture<List<BatchOutcome>>> appends = new ArrayList<>();
        try (Connection before = database.connect();
                Connection behind = database.connect()) {
            PartitionLock.hold(before, topic, first);
            PartitionLock.hold(behind, topic, last);
            appends.add(log.send(topic, batch(first, "first")));
            PartitionLock.awaitWaiter(before, topic, first);
            ofOneLane.stream().skip(1).forEach(partition -> appends.add(log.send(topic, batch(partition, "gathered"))));
            before.rollback();
            PartitionLock.awaitWaiter(behind, topic, last);

            assertThat(database.string("select count(*) from pg_locks l where locktype = 'advisory' and pid = "
                            + "(select pid from pg_locks where locktype = 'advisory' and not granted and objid = "
                            + topic.partitionId(last) + "::oid)"))
                    .isEqualTo(Integer.toString(Appender.MAX_PARTITIONS));
        }
        for (CompletableFuture<List<BatchOutcome>> append : appends) {
            assertThat(append.get(TIMEOUT_SECONDS, TimeUnit.SECONDS)).containsExactly(new Appended(0, -1, false));
        }
    }

    @Test
    void atomicRequestToMorePartitionsThanMayBeLockedTogetherIsRefusedNamingTheBound() throws Exception {
        Topic topic = log.topic(MORE_THAN_TOGETHER, Map.of());

        assertThatThrownBy(() -> log.appendAtomically(topic, toEach(Appender.MAX_PARTITIONS + 1)))
                .isInstanceOfSatisfying(ApiException.class, refused -> {
                    assertThat(refused.error()).isEqualTo(ErrorCode.INVALID_REQUEST);
                    assertThat(refused.detail())
                            .contains(Appender.MAX_PARTITIONS + " partitions", "not " + (Appender.MAX_PARTITIONS + 1));
                });
        assertThat(log.append(topic, batch(0, "after"))).containsExactly(new Appended(0, -1, false));
    }

    @Test
    void atomicRequestMayBeTheFirstToAsManyPartitionsAsMayBeLockedTogether() throws Exception {
        Topic topic = log.topic(Appender.MAX_PARTITIONS, Map.of());

        assertThat(log.appendAtomically(topic, toEach(Appender.MAX_PARTITIONS)))
                .hasSize(Appender.MAX_PARTITIONS)
                .allMatch(Appended.class::isInstance);
    }

    @Test
    void manyBatchesOfFewPartitionsAreAppendedAtomically() throws Exception {
        Topic topic = log.topic(2, Map.of());
        ProduceFrame.Batch[] batches = IntStream.range(0, MORE_THAN_TOGETHER)
                .mapToObj(n -> batch(n % 2, "v"))
                .toArray(ProduceFrame.Batch[]::new);

        assertThat(log.appendAtomically(topic, batches))
                .hasSize(MORE_THAN_TOGETHER)
                .allMatch(Appended.class::isInstance);
    }

    @Test
    void moreBatchesThanAreAppendedTogetherAreAppendedAtomicallyAllTheSame() throws Exception {
        Topic topic = log.topic(2, Map.of());
        ProduceFrame.Batch[] batches = IntStream.rangeClosed(0, Appender.MAX_BATCHES)
                .mapToObj(n -> batch(n % 2, "v"))
                .toArray(ProduceFrame.Batch[]::new);

        assertThat(log.appendAtomically(topic, batches))
                .hasSize(Appender.MAX_BATCHES + 1)
                .allMatch(Appended.class::isInstance);
    }

    private static ProduceFrame.Batch[] toEach(int partitions) {
        return IntStream.range(0, partitions)
                .mapToObj(partition -> batch(partition, "v"))
                .toArray(ProduceFrame.Batch[]::new);
    }
}
