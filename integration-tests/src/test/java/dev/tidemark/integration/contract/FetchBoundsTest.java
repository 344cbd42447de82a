package dev.tidemark.integration.contract;

import static dev.tidemark.integration.contract.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.integration.door.Answers;
import dev.tidemark.integration.door.Fetched;
import dev.tidemark.integration.door.Message;
import dev.tidemark.integration.door.Stored;
import dev.tidemark.integration.door.WireClient;
import dev.tidemark.integration.door.WireClient.Bounds;
import dev.tidemark.integration.door.WireClient.Position;
import dev.tidemark.integration.server.Door;
import dev.tidemark.integration.server.RunningServer;
import dev.tidemark.protocol.ErrorCode;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What one fetch brings and what it says of the log, from the tail cache and (after a restart) from the database. */
@ThroughBothForms
class FetchBoundsTest {
    @RegisterExtension
    static final RunningServer server = new RunningServer();

    private final WireClient client;
    private final String topic = RunningServer.newName();

    FetchBoundsTest(Door door) {
        client = (WireClient) server.client(door);
    }

    @BeforeEach
    void createTopic() {
        client.createTopic(topic, 2, Map.of());
    }

    private void append(boolean restart, List<Message> messages) {
        client.produce(topic, messages);
        if (restart) {
            server.restart();
        }
    }

    private static List<Long> offsets(Fetched fetched) {
        return fetched.records().stream().map(Stored::offset).toList();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void fetchSaysWhereTheLogBeginsAndEndsAndWhereToGoOn(boolean restart) {
        append(restart, Message.numbered(0, 0, 10));

        Fetched fetched = client.fetch(topic, 0, 4);

        assertThat(offsets(fetched)).containsExactly(4L, 5L, 6L, 7L, 8L, 9L);
        assertThat(fetched.logStartOffset()).isZero();
        assertThat(fetched.highWatermark()).isEqualTo(10);
        assertThat(fetched.lastStableOffset()).isEqualTo(10);
        assertThat(fetched.nextOffset()).isEqualTo(10);
        assertThat(fetched.leaderEpoch()).isNotNegative();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void maxRecordsBoundsAFetch(boolean restart) {
        append(restart, Message.numbered(0, 0, 10));

        Fetched fetched = client.fetch(topic, 0, 2, Bounds.DEFAULT.withMaxRecords(3));

        assertThat(offsets(fetched)).containsExactly(2L, 3L, 4L);
        assertThat(fetched.nextOffset()).isEqualTo(5);
        assertThat(fetched.highWatermark()).isEqualTo(10);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void maxBytesBoundsAFetchButTheFirstRecordAlwaysFits(boolean restart) {
        Message kilobyte = Message.of("x".repeat(1024));
        append(restart, List.of(kilobyte, kilobyte, kilobyte, kilobyte, kilobyte));

        assertThat(offsets(client.fetch(topic, 0, 1, Bounds.DEFAULT.withMaxBytes(1))))
                .containsExactly(1L);
        Fetched some = client.fetch(topic, 0, 0, Bounds.DEFAULT.withMaxBytes(3 * 1024));
        assertThat(some.records()).hasSizeBetween(1, 3);
        assertThat(some.nextOffset()).isEqualTo(some.records().size());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void belowTheLogEndAFetchIsNeverEmpty(boolean restart) {
        append(restart, Message.numbered(0, 0, 30));

        for (long offset = 0; offset < 30; offset++) {
            Fetched fetched = client.fetch(topic, 0, offset, new Bounds(1, 1, 0));
            assertThat(offsets(fetched)).containsExactly(offset);
        }
    }

    @Test
    void fetchAtTheLogEndIsEmptyAndSaysSo() {
        append(false, Message.numbered(0, 0, 3));

        Fetched fetched = client.fetch(topic, 0, 3);

        assertThat(fetched.records()).isEmpty();
        assertThat(fetched.nextOffset()).isEqualTo(3);
        assertThat(fetched.highWatermark()).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void fetchOverSeveralPartitionsAnswersInTheirOrder(boolean restart) {
        client.produce(topic, Message.numbered(1, 0, 4));
        append(restart, Message.numbered(0, 0, 2));

        List<Fetched> fetched = client.fetchSeveral(
                List.of(new Position(topic, 1, 1), new Position(topic, 0, 0), new Position(topic, 1, 4)), 1 << 20, 0);

        assertThat(fetched)
                .extracting(FetchBoundsTest::offsets)
                .containsExactly(List.of(1L, 2L, 3L), List.of(0L, 1L), List.of());
    }

    @Test
    void oneOfSeveralPartitionsWakesALongPoll() {
        client.produce(topic, Message.numbered(0, 0, 2));
        CompletableFuture<List<Fetched>> poll = CompletableFuture.supplyAsync(() ->
                client.fetchSeveral(List.of(new Position(topic, 0, 2), new Position(topic, 1, 0)), 1 << 20, 30_000));
        await().until(() -> server.meter("tidemark_fetch_waiting") >= 1);
        client.produce(topic, Message.of("woken").to(1));

        assertThat(Answers.join(poll)).extracting(FetchBoundsTest::offsets).containsExactly(List.of(), List.of(0L));
    }

    @Test
    void offsetsBeyondTheEndAreRefusedAtOnceAlsoWithAWait() {
        append(false, Message.numbered(0, 0, 3));

        assertRefused(
                ErrorCode.OFFSET_OUT_OF_RANGE,
                "0 to 3",
                () -> client.fetch(topic, 0, 4, Bounds.DEFAULT.withMaxWaitMs(30_000)));
    }

    @Test
    void walkingByNextOffsetReadsEverythingOnce() {
        append(true, Message.numbered(0, 0, 500));

        java.util.ArrayList<Long> walked = new java.util.ArrayList<>();
        for (long next = 0; next < 500; ) {
            Fetched fetched = client.fetch(topic, 0, next, new Bounds(37, 2_000, 0));
            walked.addAll(offsets(fetched));
            next = fetched.nextOffset();
        }
        assertThat(walked)
                .containsExactlyElementsOf(LongStream.range(0, 500).boxed().toList());
    }
}
