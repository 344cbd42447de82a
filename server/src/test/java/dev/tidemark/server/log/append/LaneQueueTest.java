package dev.tidemark.server.log.append;

import static dev.tidemark.server.log.TestLog.batch;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.testing.TestDatabase;
import dev.tidemark.server.topic.Topic;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

@Timeout(60)
class LaneQueueTest {
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private final LaneQueue queue = new LaneQueue(1 << 20);
    private TestLog log;
    private Topic topic;

    @BeforeEach
    void start() {
        log = new TestLog(database.database());
        topic = log.topic(1, Map.of());
    }

    @AfterEach
    void stop() {
        log.close();
    }

    private AppendGroup group(int partitionId, long producerId, int sequence) {
        CheckedBatch batch = new CheckedBatch(
                topic, partitionId, batch(0, producerId, 0, sequence, "v"), "somebody", null, null, 1, 1);
        return new AppendGroup(List.of(batch), Acks.ALL, null);
    }

    private AppendGroup parked(int partitionId, long producerId) {
        AppendGroup parked = group(partitionId, producerId, 1);
        assertThat(queue.park(parked)).isTrue();
        return parked;
    }

    @Test
    void parkedGroupThatIsDueComesBeforeABacklogThatWouldTakeAllTheRoom() {
        AppendGroup parked = parked(0, 7);
        for (int partitionId = 1; partitionId <= 2 * Appender.MAX_PARTITIONS; partitionId++) {
            assertThat(queue.add(group(partitionId, 8, 0))).isTrue();
        }
        while (System.nanoTime() - parked.tryAgainAt() < 0) {
            Thread.onSpinWait();
        }

        assertThat(queue.next(0)).hasSize(Appender.MAX_PARTITIONS).startsWith(parked);
        assertThat(queue.next(0)).hasSize(Appender.MAX_PARTITIONS).doesNotContain(parked);
    }

    @Test
    void parkedGroupThatIsDueDoesNotOvertakeItsOwnProducer() {
        AppendGroup parked = parked(0, 7);
        for (int partitionId = 1; partitionId <= Appender.MAX_PARTITIONS; partitionId++) {
            assertThat(queue.add(group(partitionId, 8, 0))).isTrue();
        }
        AppendGroup before = group(0, 7, 0);
        queue.add(before);
        while (System.nanoTime() - parked.tryAgainAt() < 0) {
            Thread.onSpinWait();
        }

        assertThat(queue.next(0)).hasSize(Appender.MAX_PARTITIONS).doesNotContain(parked);
        assertThat(queue.next(0)).containsExactly(before, parked);
    }

    @Test
    void parkedGroupGoesAlongBehindWhatItsProducerSendsBeforeItIsDue() {
        AppendGroup parked = parked(1, 7);
        AppendGroup before = group(1, 7, 0);
        parked.tryAgainAt(System.nanoTime() + AppendLane.PARK_NANOS * 1_000);
        queue.add(group(2, 8, 0));
        assertThat(queue.next(0)).hasSize(1).doesNotContain(parked);
        queue.add(before);

        assertThat(queue.next(0)).containsExactly(before, parked);
    }

    @Test
    void oneTransactionTakesABoundedNumberOfBatches() {
        for (int i = 0; i < 2 * Appender.MAX_BATCHES; i++) {
            queue.add(group(1, i, 0));
        }
        AppendGroup large = new AppendGroup(
                Collections.nCopies(
                        Appender.MAX_BATCHES + 1, group(1, 7, 0).batches().get(0)),
                Acks.ALL,
                null);
        queue.add(large);

        assertThat(queue.next(0)).hasSize(Appender.MAX_BATCHES);
        assertThat(queue.next(0)).hasSize(Appender.MAX_BATCHES);
        assertThat(queue.next(0)).containsExactly(large);
    }

    @Test
    void parkedOnesThatAreDueLeaveHalfOfATransactionToTheOthers() {
        AppendGroup parked = null;
        for (int i = 0; i < 2 * Appender.MAX_BATCHES; i++) {
            parked = parked(0, i);
        }
        AppendGroup waiting = group(1, 7, 0);
        queue.add(waiting);
        while (System.nanoTime() - parked.tryAgainAt() < 0) {
            Thread.onSpinWait();
        }

        assertThat(queue.next(0)).hasSize(Appender.MAX_BATCHES / 2 + 1).contains(waiting);
    }

    /** Which, looked at one with another, are more pairs than can be looked at in the time there is. */
    @Test
    void manyThatAreParkedAndManyThatWaitAreLookedThroughOnce() {
        int many = 40_000;
        AppendGroup parked = null;
        for (int i = 0; i < many; i++) {
            queue.add(group(i % 50, many + i, 0));
            parked = parked(i % 50, i);
        }
        while (System.nanoTime() - parked.tryAgainAt() < 0) {
            Thread.onSpinWait();
        }
        Set<AppendGroup> taken = Collections.newSetFromMap(new IdentityHashMap<>());
        for (List<AppendGroup> next = queue.next(0); !next.isEmpty(); next = queue.next(0)) {
            taken.addAll(next);
        }

        assertThat(taken).hasSize(2 * many);
    }
}
