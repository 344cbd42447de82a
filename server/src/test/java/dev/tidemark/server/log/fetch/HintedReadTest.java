package dev.tidemark.server.log.fetch;

import static dev.tidemark.server.log.TestLog.batch;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.RecordLayout;
import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.log.fetch.FetchRequest.Position;
import dev.tidemark.server.log.tail.Slice;
import dev.tidemark.server.testing.TestDatabase;
import dev.tidemark.server.topic.Topic;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What is read of several partitions at once because another server says that it has appended there. */
@Timeout(60)
class HintedReadTest {
    private static final int PARTITIONS = 3;
    private static final long AHEAD = 1_000_000;

    /** Who waits not at all asks the database for the ends first, so that hints tell nothing. */
    private static final int SHORT_WAIT_MS = 100;

    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private static TestLog appending;
    private static TestLog reading;

    private Topic topic;
    private Topic other;

    @BeforeAll
    static void start() {
        appending = new TestLog(database.database());
        reading = new TestLog(database.database());
        // Only what is said by the test is heard.
        reading.log().pollEvery(Duration.ofHours(1));
    }

    @AfterAll
    static void stop() {
        appending.close();
        reading.close();
    }

    @BeforeEach
    void makeTopicsOfDifferentTypes() throws Exception {
        topic = appending.topic(PARTITIONS, Map.of());
        other = appending.topic(1, Map.of("value.type", "text"));
        for (Position position : positions(0)) {
            appending.append(position.topic(), batch(position.partition(), "first"));
        }
        fetch(positions(0), 1 << 20);
    }

    private List<Position> positions(long offset) {
        List<Position> positions = new ArrayList<>();
        IntStream.range(0, PARTITIONS).forEach(partition -> positions.add(new Position(topic, partition, offset)));
        positions.add(new Position(other, 0, offset));
        return positions;
    }

    private static List<PartitionRecords> fetch(List<Position> positions, int maxBytes) throws Exception {
        return waiting(positions, 1000, maxBytes, SHORT_WAIT_MS).get(TestLog.TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }

    private static CompletableFuture<List<PartitionRecords>> waiting(
            List<Position> positions, int maxRecords, int maxBytes, int maxWaitMs) {
        return reading.log().fetch(new FetchRequest(positions, maxRecords, maxBytes, maxWaitMs));
    }

    private static void appendTo(List<Position> positions, String... values) throws Exception {
        for (Position position : positions) {
            appending.append(position.topic(), batch(position.partition(), values));
        }
    }

    private static void hint(List<Position> positions) {
        Map<Integer, Long> ends = new HashMap<>();
        positions.forEach(position -> ends.put(position.topic().partitionId(position.partition()), AHEAD));
        reading.log().hint(ends);
    }

    private static List<String> values(PartitionRecords records) {
        List<String> values = new ArrayList<>();
        for (Slice slice : records.slices()) {
            for (int at = slice.at(); at < slice.at() + slice.length(); at = RecordLayout.end(slice.bytes(), at)) {
                int valueAt = RecordLayout.skip(slice.bytes(), at + RecordLayout.KEY_LENGTH_AT);
                values.add(new String(
                        slice.bytes(),
                        valueAt + 4,
                        RecordLayout.getInt(slice.bytes(), valueAt),
                        StandardCharsets.UTF_8));
            }
        }
        return values;
    }

    @Test
    void oneAnswerBringsWhatWasAppendedToAllOfThem() throws Exception {
        CompletableFuture<List<PartitionRecords>> waiting = waiting(positions(1), 1000, 1 << 20, 30_000);
        await().until(() ->
                reading.metrics.get("tidemark.fetch.waiting").gauge().value() > 0);
        appendTo(positions(1), "a", "b");

        hint(positions(1));

        assertThat(waiting.get(TestLog.TIMEOUT_SECONDS, TimeUnit.SECONDS))
                .hasSize(PARTITIONS + 1)
                .allSatisfy(records -> {
                    assertThat(values(records)).containsExactly("a", "b");
                    assertThat(records.nextOffset()).isEqualTo(3);
                    assertThat(records.highWatermark()).isEqualTo(3);
                });
    }

    @Test
    void howeverManyWaitItIsReadOnce() throws Exception {
        List<CompletableFuture<List<PartitionRecords>>> waiting = IntStream.range(0, 50)
                .mapToObj(i -> waiting(positions(1), 1000, 1 << 20, 30_000))
                .toList();
        await().until(() ->
                reading.metrics.get("tidemark.fetch.waiting").gauge().value() == waiting.size());
        appendTo(positions(1), "a");
        long follows = follows();
        double misses = misses();

        hint(positions(1));

        for (CompletableFuture<List<PartitionRecords>> fetch : waiting) {
            assertThat(fetch.get(TestLog.TIMEOUT_SECONDS, TimeUnit.SECONDS))
                    .allSatisfy(records -> assertThat(values(records)).containsExactly("a"));
        }
        await().until(() -> follows() == follows + 1);
        assertThat(misses()).as("reads of their own").isEqualTo(misses);
    }

    private static long follows() {
        return reading.metrics.get("tidemark.fetch.follow").timer().count();
    }

    private static double misses() {
        return reading.metrics
                .get("tidemark.fetch.cache.lookups")
                .tag("result", "miss")
                .counter()
                .count();
    }

    @Test
    void partitionBesideOneThatAlwaysHasRecordsIsReadToo() throws Exception {
        appendTo(positions(1).subList(1, 2), "a");
        hint(positions(1));

        List<Position> busyAndHinted = List.of(positions(0).get(0), positions(1).get(1));
        await().until(
                        () -> fetch(busyAndHinted, 1 << 20),
                        answers -> values(answers.get(0)).equals(List.of("first"))
                                && values(answers.get(1)).equals(List.of("a")));
    }

    @Test
    void whatThereIsNoRoomForComesWithTheNextFetches() throws Exception {
        appendTo(positions(1), "a", "b", "c", "d");
        hint(positions(1));
        for (int[] bounds : new int[][] {{1000, 150}, {3, 1 << 20}, {1, 1 << 20}, {1000, 1}}) {
            Map<Integer, List<String>> got = new HashMap<>();
            List<Position> at = positions(1);
            int most = 0;
            while (got.values().stream().mapToInt(List::size).sum() < 4 * at.size()) {
                List<PartitionRecords> answers =
                        waiting(at, bounds[0], bounds[1], SHORT_WAIT_MS).get(TestLog.TIMEOUT_SECONDS, TimeUnit.SECONDS);
                most = Math.max(
                        most,
                        answers.stream().mapToInt(PartitionRecords::recordCount).sum());
                assertThat(answers.stream()
                                .mapToInt(PartitionRecords::recordCount)
                                .sum())
                        .isPositive();
                List<Position> next = new ArrayList<>();
                for (int i = 0; i < at.size(); i++) {
                    got.computeIfAbsent(i, unused -> new ArrayList<>()).addAll(values(answers.get(i)));
                    next.add(new Position(
                            at.get(i).topic(),
                            at.get(i).partition(),
                            answers.get(i).nextOffset()));
                }
                at = next;
            }
            assertThat(most).isLessThanOrEqualTo(bounds[0]);
            assertThat(got.values()).allSatisfy(values -> assertThat(values).containsExactly("a", "b", "c", "d"));
        }
    }

    @Test
    void hintThatIsFalseAnswersNothingAndOutOfRangeStaysOutOfRange() throws Exception {
        hint(positions(1));
        assertThat(fetch(positions(1), 1 << 20)).allSatisfy(records -> {
            assertThat(records.error()).isNull();
            assertThat(records.recordCount()).isZero();
            assertThat(records.highWatermark()).isEqualTo(1);
        });
        hint(positions(1));
        assertThat(fetch(positions(2), 1 << 20))
                .allSatisfy(records -> assertThat(records.error()).isEqualTo(ErrorCode.OFFSET_OUT_OF_RANGE));
    }

    @Test
    void recordsThatLieElsewhereThanTheirBatchSaysAreFound() throws Exception {
        appendTo(positions(1), "a", "b", "c");
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            // An update writes the row anew, behind the others.
            statement.execute("update tidemark_internal.topic_" + topic.id()
                    + " set value = value where partition = 1 and record_offset = 2");
        }
        hint(positions(1));
        assertThat(fetch(positions(1), 1 << 20))
                .allSatisfy(records -> assertThat(values(records)).containsExactly("a", "b", "c"));
    }

    @Test
    void topicThatIsGoneHoldsUpNoOther() throws Exception {
        appendTo(positions(1), "a");
        appending.topics().delete(other.name());
        appending.topics().dropDeleted();
        hint(positions(1));

        List<PartitionRecords> answers = fetch(positions(1), 1 << 20);

        assertThat(answers.subList(0, PARTITIONS))
                .allSatisfy(records -> assertThat(values(records)).containsExactly("a"));
        assertThat(answers.get(PARTITIONS).recordCount()).isZero();
    }
}
