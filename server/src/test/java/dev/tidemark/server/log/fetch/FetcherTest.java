package dev.tidemark.server.log.fetch;

import static dev.tidemark.server.log.TestLog.batch;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.protocol.RecordLayout;
import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.log.tail.Slice;
import dev.tidemark.server.testing.TestDatabase;
import dev.tidemark.server.topic.Topic;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class FetcherTest {
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    /** Keeps nothing in memory, so that everything it reads comes from the database. */
    private static TestLog cold;

    private static TestLog warm;

    @BeforeAll
    static void start() {
        cold = new TestLog(database.database(), 0);
        warm = new TestLog(database.database());
    }

    @AfterAll
    static void stop() {
        cold.close();
        warm.close();
    }

    @Test
    void partitionBesideOneThatAlwaysHasRecordsIsPolledToo() throws Exception {
        Topic topic = warm.topic(2, Map.of());
        warm.append(topic, batch(0, "busy"));
        FetchRequest request = new FetchRequest(
                List.of(new FetchRequest.Position(topic, 0, 0), new FetchRequest.Position(topic, 1, 0)),
                1_000,
                1 << 20,
                1_000);
        assertThat(recordCounts(request)).containsExactly(1, 0);
        // Another server's, which has said nothing of it.
        warm.append(topic, batch(1, "a"));

        await().until(() -> recordCounts(request), counts -> counts.equals(List.of(1, 1)));
    }

    private static List<Integer> recordCounts(FetchRequest request) throws Exception {
        return cold.log().fetch(request).get(TestLog.TIMEOUT_SECONDS, TimeUnit.SECONDS).stream()
                .map(PartitionRecords::recordCount)
                .toList();
    }

    @Test
    void everyOffsetIsReadFromTheDatabaseAsFromTheTail() throws Exception {
        Topic topic = warm.topic(1, Map.of("segment.bytes", "1024"));
        for (int i = 0; i < 60; i++) {
            warm.append(topic, batch(0, values(i * 50, 50)));
        }
        double missesBefore = hintMisses();

        for (long offset : new long[] {0, 1, 49, 50, 777, 999, 1000, 1001, 1999, 2000, 2999}) {
            String[] expected = values((int) offset, (int) (3000 - offset));
            assertThat(cold.values(topic, 0, offset))
                    .as("from the database at %d", offset)
                    .containsExactly(expected);
            assertThat(warm.values(topic, 0, offset))
                    .as("from the tail at %d", offset)
                    .containsExactly(expected);
        }
        assertThat(hintMisses()).as("reads that had to ask the index").isEqualTo(missesBefore);
    }

    @Test
    void recordsThatLieElsewhereThanHintedAreFound() throws Exception {
        Topic topic = cold.topic(1, Map.of());
        cold.append(topic, batch(0, values(0, 3000)));
        cold.append(topic, batch(0, values(3000, 3000)));
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            // An update writes the row anew, behind the others.
            statement.execute("update tidemark_internal.topic_" + topic.id()
                    + " set value = value where record_offset in (5, 3500)");
        }
        double missesBefore = hintMisses();

        assertThat(cold.values(topic, 0, 0)).containsExactly(values(0, 6000));
        assertThat(fetch(cold, topic, 0, 100, 1 << 20).recordCount()).isEqualTo(100);
        assertThat(hintMisses()).isGreaterThan(missesBefore);
    }

    private static double hintMisses() {
        return cold.metrics.get("tidemark.fetch.hint.misses").counter().count();
    }

    @Test
    void boundsAreKeptAndTheFirstRecordAlwaysFits() throws Exception {
        Topic topic = warm.topic(1, Map.of());
        warm.append(topic, batch(0, values(0, 10)));
        for (TestLog log : List.of(warm, cold)) {
            assertThat(fetch(log, topic, 3, 4, 1 << 20).nextOffset()).isEqualTo(7);
            PartitionRecords one = fetch(log, topic, 3, 100, 1);
            assertThat(one.recordCount()).isEqualTo(1);
            assertThat(one.nextOffset()).isEqualTo(4);
            PartitionRecords two = fetch(log, topic, 0, 100, 2 * RecordLayout.size(-1, 2, -1) + 1);
            assertThat(two.recordCount()).isEqualTo(2);
        }
    }

    @Test
    void whoReadsAlongInSmallStepsGetsEveryRecord() throws Exception {
        Topic topic = cold.topic(1, Map.of());
        cold.append(topic, batch(0, values(0, 5000)));
        long offset = 0;
        while (offset < 5000) {
            PartitionRecords step = fetch(cold, topic, offset, 130, 1 << 20);
            Slice records = step.slices().get(0);
            assertThat(RecordLayout.offset(records.bytes(), records.at())).isEqualTo(offset);
            assertThat(step.nextOffset()).isEqualTo(offset + step.recordCount());
            offset = step.nextOffset();
        }
        assertThat(cold.metrics.get("tidemark.fetch.read.ahead.hits").counter().count())
                .isPositive();
    }

    private static PartitionRecords fetch(TestLog log, Topic topic, long offset, int maxRecords, int maxBytes)
            throws Exception {
        return log.log()
                .fetch(new FetchRequest(List.of(new FetchRequest.Position(topic, 0, offset)), maxRecords, maxBytes, 0))
                .get(TestLog.TIMEOUT_SECONDS, TimeUnit.SECONDS)
                .get(0);
    }

    @Test
    void severalPartitionsShareOneBudget() throws Exception {
        Topic topic = warm.topic(3, Map.of());
        for (int partition = 0; partition < 3; partition++) {
            warm.append(topic, batch(partition, values(0, 100)));
        }
        FetchRequest request = new FetchRequest(
                List.of(
                        new FetchRequest.Position(topic, 0, 0),
                        new FetchRequest.Position(topic, 1, 100),
                        new FetchRequest.Position(topic, 2, 0)),
                150,
                1 << 20,
                0);
        for (TestLog log : List.of(warm, cold)) {
            List<PartitionRecords> answers = log.log().fetch(request).get(TestLog.TIMEOUT_SECONDS, TimeUnit.SECONDS);
            assertThat(answers).extracting(PartitionRecords::recordCount).containsExactly(100, 0, 50);
            assertThat(answers).extracting(PartitionRecords::nextOffset).containsExactly(100L, 100L, 50L);
        }
    }

    @Test
    void fetchAtTheEndWaitsAndIsWokenByAnAppend() throws Exception {
        Topic topic = warm.topic(1, Map.of());
        warm.append(topic, batch(0, "a"));
        CompletableFuture<List<PartitionRecords>> waiting = warm.fetching(topic, 0, 1, 30_000);

        warm.append(topic, batch(0, "b"));

        PartitionRecords woken = waiting.get(10, TimeUnit.SECONDS).get(0);
        assertThat(woken.recordCount()).isEqualTo(1);
        assertThat(woken.highWatermark()).isEqualTo(2);
    }

    @Test
    void thousandsThatWaitAtOnePartitionAreWokenByOneAppend() throws Exception {
        Topic topic = warm.topic(1, Map.of());
        warm.append(topic, batch(0, "a"));
        assertThat(warm.fetch(topic, 0, 0).recordCount()).isEqualTo(1);
        List<CompletableFuture<List<PartitionRecords>>> waiting = IntStream.range(0, 10_000)
                .mapToObj(i -> warm.fetching(topic, 0, 1, 30_000))
                .toList();
        await().until(() -> warm.metrics.get("tidemark.fetch.waiting").gauge().value() == waiting.size());

        warm.append(topic, batch(0, "b"));

        for (CompletableFuture<List<PartitionRecords>> woken : waiting) {
            assertThat(woken.get(10, TimeUnit.SECONDS).get(0).recordCount()).isEqualTo(1);
        }
        assertThat(warm.metrics.get("tidemark.fetch.waiting").gauge().value()).isZero();
    }

    @Test
    void laneThatAppendsDoesNotLookThroughTheManyPartitionsOfAWaitingFetch() throws Exception {
        Topic topic = warm.topic(1_000, Map.of());
        List<FetchRequest.Position> positions = IntStream.range(0, 1_000)
                .mapToObj(partition -> new FetchRequest.Position(topic, partition, 0))
                .toList();
        CompletableFuture<List<PartitionRecords>> waiting =
                warm.log().fetch(new FetchRequest(positions, 1_000, 1 << 20, 30_000));
        CompletableFuture<String> answeredBy =
                waiting.thenApply(answers -> Thread.currentThread().getName());
        await().until(() -> warm.metrics.get("tidemark.fetch.waiting").gauge().value() == 1);

        warm.append(topic, batch(7, "a"));

        assertThat(answeredBy.get(10, TimeUnit.SECONDS)).startsWith("fetch-");
        assertThat(waiting.get().get(7).recordCount()).isEqualTo(1);
        assertThat(warm.metrics.get("tidemark.fetch.waiting").gauge().value()).isZero();
    }

    @Test
    void fetchAtTheEndSeesWhatAnotherServerAppends() throws Exception {
        Topic topic = warm.topic(1, Map.of());
        warm.append(topic, batch(0, "a"));
        CompletableFuture<List<PartitionRecords>> waiting = warm.fetching(topic, 0, 1, 30_000);

        cold.append(topic, batch(0, "b"));

        assertThat(waiting.get(10, TimeUnit.SECONDS).get(0).recordCount()).isEqualTo(1);
        assertThat(warm.values(topic, 0, 0)).containsExactly("a", "b");
        assertThat(warm.append(topic, batch(0, "c"))).hasSize(1);
        assertThat(warm.values(topic, 0, 0)).containsExactly("a", "b", "c");
    }

    @Test
    void emptyIsAnsweredWhenTheWaitIsOver() throws Exception {
        Topic topic = warm.topic(1, Map.of());

        PartitionRecords empty =
                warm.fetching(topic, 0, 0, 50).get(10, TimeUnit.SECONDS).get(0);

        assertThat(empty.error()).isNull();
        assertThat(empty.recordCount()).isZero();
        assertThat(empty.nextOffset()).isZero();
    }

    @Test
    void emptyIsNeverAnsweredBelowTheEndAnotherServerMoved() throws Exception {
        Topic topic = warm.topic(1, Map.of());
        assertThat(warm.fetch(topic, 0, 0).recordCount()).isZero();
        cold.append(topic, batch(0, "a"));

        assertThat(warm.fetch(topic, 0, 0).recordCount()).isEqualTo(1);
    }

    @Test
    void offsetOutsideTheLogIsToldWithItsRange() throws Exception {
        Topic topic = warm.topic(1, Map.of());
        warm.append(topic, batch(0, "a"));
        for (long offset : new long[] {2, Long.MAX_VALUE, -1}) {
            PartitionRecords answer = warm.fetch(topic, 0, offset);
            assertThat(answer.error()).as("at %d", offset).isEqualTo(ErrorCode.OFFSET_OUT_OF_RANGE);
            assertThat(answer.logStartOffset()).isZero();
            assertThat(answer.highWatermark()).isEqualTo(1);
        }
    }

    @Test
    void waitingFetchesAreAnsweredWhenTheLogStops() throws Exception {
        Topic topic = warm.topic(1, Map.of());
        TestLog stopping = new TestLog(database.database());
        CompletableFuture<List<PartitionRecords>> waiting = stopping.fetching(topic, 0, 0, 30_000);

        stopping.log().stopWaiting();

        assertThat(waiting.get(10, TimeUnit.SECONDS).get(0).recordCount()).isZero();
        stopping.close();
    }

    @Test
    void deletedTopicIsAnError() throws Exception {
        Topic topic = cold.topic(1, Map.of());
        cold.append(topic, batch(0, "a"));
        cold.topics().delete(topic.name());
        cold.topics().dropDeleted();

        assertThat(cold.fetch(topic, 0, 0).error()).isEqualTo(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    }

    @Test
    void offsetsAreFoundByTime() throws Exception {
        Topic topic = cold.topic(1, Map.of("segment.bytes", "1024"));
        long start = 1_500_000_000_000L;
        for (int i = 0; i < 30; i++) {
            ProduceFrame.Batch batch = batch(0, values(i * 100, 100));
            for (int record = 0, at = 0; record < 100; record++) {
                RecordLayout.setTimestampMs(batch.bytes(), at, start + (i * 100L + record) * 10);
                at = RecordLayout.end(batch.bytes(), at);
            }
            cold.append(topic, batch);
        }

        assertThat(cold.log().offset(topic, 0, new OffsetQuery.Earliest()).offset())
                .isZero();
        assertThat(cold.log().offset(topic, 0, new OffsetQuery.Latest()).offset())
                .isEqualTo(3000);
        assertThat(at(topic, 0).offset()).isZero();
        assertThat(at(topic, start + 12_345).offset()).isEqualTo(1235);
        assertThat(at(topic, start + 12_345).timestampMs()).isEqualTo(start + 12_350);
        assertThat(at(topic, start + 29_990).offset()).isEqualTo(2999);
        OffsetFound past = at(topic, start + 29_991);
        assertThat(past.offset()).isNull();
        assertThat(past.logEndOffset()).isEqualTo(3000);
    }

    private static OffsetFound at(Topic topic, long timestampMs) {
        return cold.log().offset(topic, 0, new OffsetQuery.AtTime(timestampMs));
    }

    private static String[] values(int from, int count) {
        return IntStream.range(from, from + count).mapToObj(Integer::toString).toArray(String[]::new);
    }
}
