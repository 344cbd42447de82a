package dev.tidemark.server.log.append;

import static dev.tidemark.server.log.TestLog.batch;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.protocol.RecordError;
import dev.tidemark.protocol.RecordLayout;
import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.log.append.BatchOutcome.Appended;
import dev.tidemark.server.log.append.BatchOutcome.Refused;
import dev.tidemark.server.log.append.BatchOutcome.Withdrawn;
import dev.tidemark.server.testing.TestDatabase;
import dev.tidemark.server.topic.Topic;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class AppenderTest {
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private static TestLog log;

    @BeforeAll
    static void start() {
        log = new TestLog(database.database());
    }

    @AfterAll
    static void stop() {
        log.close();
    }

    @Test
    void offsetsAreDenseFromZero() throws Exception {
        Topic topic = log.topic(1, Map.of());

        assertThat(log.append(topic, batch(0, "a", "b"))).containsExactly(appended(0));
        assertThat(log.append(topic, batch(0, "c"))).containsExactly(appended(2));
        assertThat(log.values(topic, 0, 0)).containsExactly("a", "b", "c");
    }

    @Test
    void batchesOfOneRequestHaveTheirOwnOutcomes() throws Exception {
        Topic topic = log.topic(2, Map.of("value.type", "json"));

        List<BatchOutcome> outcomes = log.append(topic, batch(0, "1", "{"), batch(1, "2"));

        assertThat(outcomes.get(0)).isInstanceOfSatisfying(Refused.class, refused -> {
            assertThat(refused.error()).isEqualTo(ErrorCode.INVALID_RECORD);
            assertThat(refused.recordErrors()).extracting(RecordError::index).containsExactly(1);
        });
        assertThat(outcomes.get(1)).isEqualTo(appended(0));
        assertThat(log.values(topic, 0, 0)).isEmpty();
    }

    @Test
    void atomicRequestIsAllOrNothing() throws Exception {
        Topic topic = log.topic(3, Map.of());
        long producer = log.log().newProducer().producerId();

        List<BatchOutcome> outcomes =
                log.appendAtomically(topic, batch(2, "x"), batch(0, producer, 0, 5, "early"), batch(1, "y"));

        assertThat(outcomes.get(0)).isEqualTo(new Withdrawn());
        assertThat(outcomes.get(1))
                .isInstanceOfSatisfying(
                        Refused.class,
                        refused -> assertThat(refused.error()).isEqualTo(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER));
        assertThat(outcomes.get(2)).isEqualTo(new Withdrawn());
        assertThat(log.values(topic, 2, 0)).isEmpty();
        assertThat(log.values(topic, 1, 0)).isEmpty();
        assertThat(log.appendAtomically(topic, batch(2, "x"), batch(0, producer, 0, 0, "first"), batch(1, "y")))
                .containsExactly(appended(0), appended(0), appended(0));
    }

    @Test
    void atomicRequestOverSeveralPartitionsGoesOnFromSegmentToSegment() throws Exception {
        Topic topic = log.topic(2, Map.of("segment.bytes", "1024"));
        String[] values = IntStream.range(0, 40).mapToObj(i -> "value " + i).toArray(String[]::new);

        for (int n = 0; n < 50; n++) {
            assertThat(log.appendAtomically(topic, batch(0, values), batch(1, values)))
                    .containsExactly(appended(40 * n), appended(40 * n));
        }

        assertThat(database.string(
                        "select min(first_offset) || ' ' || (count(*) > 2) from tidemark.segments where topic = '"
                                + topic.name() + "'"))
                .isEqualTo("0 true");
    }

    @Test
    void duplicateIsAnsweredWithItsOriginalOffset() throws Exception {
        Topic topic = log.topic(1, Map.of());
        long producer = log.log().newProducer().producerId();
        log.append(topic, batch(0, "before"));
        log.append(topic, batch(0, producer, 0, 0, "a", "b"));
        log.append(topic, batch(0, producer, 0, 2, "c"));

        assertThat(log.append(topic, batch(0, producer, 0, 0, "a", "b"))).containsExactly(new Appended(1, -1, true));
        assertThat(log.values(topic, 0, 0)).containsExactly("before", "a", "b", "c");
    }

    @Test
    void gapIsRefusedAfterWaitingForTheBatchBefore() throws Exception {
        Topic topic = log.topic(1, Map.of());
        long producer = log.log().newProducer().producerId();
        log.append(topic, batch(0, producer, 0, 0, "a"));

        assertThat(log.append(topic, batch(0, producer, 0, 2, "c")).get(0))
                .isInstanceOfSatisfying(
                        Refused.class,
                        refused -> assertThat(refused.error()).isEqualTo(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER));
    }

    @Test
    void earlyBatchIsParkedUntilItsPredecessorComes() throws Exception {
        Topic topic = log.topic(1, Map.of());
        long producer = log.log().newProducer().producerId();
        CompletableFuture<List<BatchOutcome>> third = log.send(topic, batch(0, producer, 0, 2, "c"));
        CompletableFuture<List<BatchOutcome>> second = log.send(topic, batch(0, producer, 0, 1, "b"));
        CompletableFuture<List<BatchOutcome>> first = log.send(topic, batch(0, producer, 0, 0, "a"));

        assertThat(third.get(TestLog.TIMEOUT_SECONDS, TimeUnit.SECONDS)).containsExactly(appended(2));
        assertThat(second.get(TestLog.TIMEOUT_SECONDS, TimeUnit.SECONDS)).containsExactly(appended(1));
        assertThat(first.get(TestLog.TIMEOUT_SECONDS, TimeUnit.SECONDS)).containsExactly(appended(0));
    }

    @Test
    void newerEpochFencesTheOlder() throws Exception {
        Topic topic = log.topic(1, Map.of());
        long producer = log.log().newProducer().producerId();
        log.append(topic, batch(0, producer, 0, 0, "a"));
        log.append(topic, batch(0, producer, 1, 0, "b"));

        assertThat(log.append(topic, batch(0, producer, 0, 1, "c")).get(0))
                .isInstanceOfSatisfying(
                        Refused.class,
                        refused -> assertThat(refused.error()).isEqualTo(ErrorCode.INVALID_PRODUCER_EPOCH));
        assertThat(log.append(topic, batch(0, producer, 1, 1, "d"))).containsExactly(appended(2));
    }

    @Test
    void sequenceWrapsAroundAsKafkasDoes() throws Exception {
        Topic topic = log.topic(1, Map.of());
        long producer = log.log().newProducer().producerId();
        log.append(topic, batch(0, producer, 0, 0, "a"));
        setLastSequence(topic, Integer.MAX_VALUE);

        assertThat(log.append(topic, batch(0, producer, 0, 0, "after the wrap")))
                .containsExactly(appended(1));
    }

    private static void setLastSequence(Topic topic, int sequence) throws Exception {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("update tidemark_internal.batch set base_sequence = " + sequence
                    + " where partition_id = " + topic.partitionId(0));
        }
    }

    @Test
    void batchLargerThanSegmentsRunsThroughSeveral() throws Exception {
        Topic topic = log.topic(1, Map.of("segment.bytes", "1024"));
        String[] values = IntStream.range(0, 3500).mapToObj(Integer::toString).toArray(String[]::new);

        for (int i = 0; i < 4; i++) {
            log.append(topic, batch(0, values));
        }

        assertThat(log.values(topic, 0, 0)).hasSize(14_000);
        assertThat(query("select count(*) from tidemark.segments where topic = '" + topic.name() + "'"))
                .isGreaterThan(3);
    }

    @Test
    void manySmallBatchesRollSegmentsWithoutGap() throws Exception {
        Topic topic = log.topic(2, Map.of("segment.bytes", "1024"));
        List<CompletableFuture<List<BatchOutcome>>> sent = new ArrayList<>();
        for (int i = 0; i < 3_000; i++) {
            sent.add(log.send(topic, batch(i % 2, "a" + i, "b" + i)));
        }
        for (CompletableFuture<List<BatchOutcome>> one : sent) {
            assertThat(one.get(TestLog.TIMEOUT_SECONDS, TimeUnit.SECONDS).get(0))
                    .isInstanceOf(Appended.class);
        }

        assertThat(log.values(topic, 0, 0)).hasSize(3_000).startsWith("a0", "b0", "a2", "b2");
        assertThat(query("select count(*) from tidemark.segments where topic = '" + topic.name()
                        + "' and state = 'sealed'"))
                .isGreaterThan(0);
    }

    @Test
    void recordPostgresRefusesIsNamedAndItsNeighboursGoIn() throws Exception {
        Topic topic = log.topic(1, Map.of());
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("alter table tidemark_internal.topic_" + topic.id() + " add check (value <> 'unwanted')");
        }
        String[] many = IntStream.range(0, 2000)
                .mapToObj(i -> i == 1234 ? "unwanted" : "v" + i)
                .toArray(String[]::new);

        assertThat(log.append(topic, batch(0, many)).get(0)).isInstanceOfSatisfying(Refused.class, refused -> {
            assertThat(refused.error()).isEqualTo(ErrorCode.INVALID_RECORD);
            assertThat(refused.recordErrors()).extracting(RecordError::index).containsExactly(1234);
        });
        CompletableFuture<List<BatchOutcome>> good = log.send(topic, batch(0, "good"));
        CompletableFuture<List<BatchOutcome>> bad = log.send(topic, batch(0, "unwanted"));
        CompletableFuture<List<BatchOutcome>> alsoGood = log.send(topic, batch(0, "also good"));
        assertThat(good.get(TestLog.TIMEOUT_SECONDS, TimeUnit.SECONDS).get(0)).isInstanceOf(Appended.class);
        assertThat(bad.get(TestLog.TIMEOUT_SECONDS, TimeUnit.SECONDS).get(0)).isInstanceOf(Refused.class);
        assertThat(alsoGood.get(TestLog.TIMEOUT_SECONDS, TimeUnit.SECONDS).get(0))
                .isInstanceOf(Appended.class);
        assertThat(log.values(topic, 0, 0)).containsExactlyInAnyOrder("good", "also good");
    }

    @Test
    void logAppendTimeStampsRecords() throws Exception {
        Topic topic = log.topic(1, Map.of("message.timestamp.type", "LogAppendTime"));
        ProduceFrame.Batch batch = batch(0, "a");
        RecordLayout.setTimestampMs(batch.bytes(), 0, 12_345);

        Appended appended = (Appended) log.append(topic, batch).get(0);

        assertThat(appended.appendTimeMs()).isGreaterThan(1_700_000_000_000L);
        assertThat(query("select count(*) from topic.\"" + topic.name() + "\" where \"timestamp\" = to_timestamp("
                        + appended.appendTimeMs() + "::numeric / 1000)"))
                .isEqualTo(1);
    }

    @Test
    void acksZeroNeedsTheTopicsLeave() throws Exception {
        Topic careful = log.topic(1, Map.of());
        Topic careless = log.topic(1, Map.of("unsafe.acks", "true"));

        assertThat(withoutAcks(careful))
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.error()).isEqualTo(ErrorCode.INVALID_REQUEST));
        assertThat(withoutAcks(careless)).isEqualTo(new Appended(-1, -1, false));
    }

    private static BatchOutcome withoutAcks(Topic topic) throws Exception {
        return log.log()
                .append(new AppendRequest(
                        List.of(new AppendRequest.Entry(topic, batch(0, "a"))), Acks.NONE, false, "test"))
                .get(TestLog.TIMEOUT_SECONDS, TimeUnit.SECONDS)
                .get(0);
    }

    @Test
    void appendToDeletedTopicIsRefused() throws Exception {
        Topic topic = log.topic(1, Map.of());
        log.append(topic, batch(0, "a"));
        log.topics().delete(topic.name());

        assertThat(log.append(topic, batch(0, "b")).get(0))
                .isInstanceOfSatisfying(
                        Refused.class,
                        refused -> assertThat(refused.error()).isEqualTo(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION));
    }

    @Test
    void fullQueueIsSaidAndNothingQueued() {
        QueuedBytes queued = new QueuedBytes(100);
        assertThat(queued.tryAcquire(1_000))
                .as("a large request while nothing else is queued")
                .isTrue();
        assertThat(queued.tryAcquire(1)).isFalse();
        queued.release(1_000);
        assertThat(queued.tryAcquire(60)).isTrue();
        assertThat(queued.tryAcquire(60)).isFalse();
    }

    @Test
    void appendsAfterCloseAreRefused() {
        Topic topic = log.topic(1, Map.of());
        TestLog closed = new TestLog(database.database());
        closed.close();

        assertThat(closed.send(topic, batch(0, "late")).join().get(0))
                .isInstanceOfSatisfying(
                        Refused.class,
                        refused -> assertThat(refused.error()).isEqualTo(ErrorCode.BROKER_NOT_AVAILABLE));
    }

    /** Queue and tail count what they are given: the rest of its request must not stay with it. */
    @Test
    void aBatchWhoseNeighboursWereRefusedDoesNotKeepTheirBytes() throws Exception {
        Topic topic = log.topic(1, Map.of());
        ProduceFrame.Batch small = TestLog.batch(0, "small");
        ProduceFrame.Batch large = TestLog.batch(7, "x".repeat(500_000));
        byte[] body = new byte[small.length() + large.length()];
        System.arraycopy(small.bytes(), 0, body, 0, small.length());
        System.arraycopy(large.bytes(), 0, body, small.length(), large.length());

        List<BatchOutcome> outcomes = log.append(
                topic,
                new ProduceFrame.Batch(0, -1, (short) -1, -1, 1, body, 0, small.length()),
                new ProduceFrame.Batch(7, -1, (short) -1, -1, 1, body, small.length(), large.length()));

        assertThat(outcomes.get(0)).isInstanceOf(BatchOutcome.Appended.class);
        assertThat(outcomes.get(1)).isInstanceOf(BatchOutcome.Refused.class);
        assertThat(log.fetch(topic, 0, 0).slices())
                .singleElement()
                .satisfies(slice -> assertThat(slice.bytes()).hasSize(small.length()));
        assertThat(log.values(topic, 0, 0)).containsExactly("small");
    }

    @Test
    void partitionThatIsNotThereIsNamed() throws Exception {
        Topic topic = log.topic(2, Map.of());

        assertThat(log.append(topic, batch(2, "a")).get(0)).isInstanceOfSatisfying(Refused.class, refused -> {
            assertThat(refused.error()).isEqualTo(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
            assertThat(refused.detail()).contains("no partition 2");
        });
        assertThatThrownBy(() -> topic.partitionId(-1)).isInstanceOf(ApiException.class);
    }

    private static BatchOutcome appended(long baseOffset) {
        return new Appended(baseOffset, -1, false);
    }

    private static long query(String sql) throws Exception {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }
}
