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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What one fetch brings and what it says of the log: the same from the tail cache and from the database. */
@ThroughBothForms
class FetchBoundsTest {
    @RegisterExtension
    static final RunningServer caching = new RunningServer();

    @RegisterExtension
    static final RunningServer withoutCache = new RunningServer("--tail-cache-bytes", "0");

    private final Door door;
    private final String topic = RunningServer.newName();

    FetchBoundsTest(Door door) {
        this.door = door;
    }

    /** A client of a server with the topic, of two partitions. */
    private WireClient client(boolean cached) {
        WireClient client = (WireClient) (cached ? caching : withoutCache).client(door);
        client.createTopic(topic, 2, Map.of());
        return client;
    }

    private static List<Long> offsets(Fetched fetched) {
        return fetched.records().stream().map(Stored::offset).toList();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void fetchSaysWhereTheLogBeginsAndEndsAndWhereToGoOn(boolean cached) {
        WireClient client = client(cached);
        client.produce(topic, Message.numbered(0, 0, 10));

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
    void maxRecordsBoundsAFetch(boolean cached) {
        WireClient client = client(cached);
        client.produce(topic, Message.numbered(0, 0, 10));

        Fetched fetched = client.fetch(topic, 0, 2, Bounds.DEFAULT.withMaxRecords(3));

        assertThat(offsets(fetched)).containsExactly(2L, 3L, 4L);
        assertThat(fetched.nextOffset()).isEqualTo(5);
        assertThat(fetched.highWatermark()).isEqualTo(10);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void maxBytesBoundsAFetchButTheFirstRecordAlwaysFits(boolean cached) {
        Message kilobyte = Message.of("x".repeat(1024));
        WireClient client = client(cached);
        client.produce(topic, List.of(kilobyte, kilobyte, kilobyte, kilobyte, kilobyte));

        assertThat(offsets(client.fetch(topic, 0, 1, Bounds.DEFAULT.withMaxBytes(1))))
                .containsExactly(1L);
        Fetched some = client.fetch(topic, 0, 0, Bounds.DEFAULT.withMaxBytes(3 * 1024));
        assertThat(some.records()).hasSizeBetween(1, 3);
        assertThat(some.nextOffset()).isEqualTo(some.records().size());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void belowTheLogEndAFetchIsNeverEmpty(boolean cached) {
        WireClient client = client(cached);
        client.produce(topic, Message.numbered(0, 0, 30));

        for (long offset = 0; offset < 30; offset++) {
            Fetched fetched = client.fetch(topic, 0, offset, new Bounds(1, 1, 0));
            assertThat(offsets(fetched)).containsExactly(offset);
        }
    }

    @Test
    void fetchAtTheLogEndIsEmptyAndSaysSo() {
        WireClient client = client(true);
        client.produce(topic, Message.numbered(0, 0, 3));

        Fetched fetched = client.fetch(topic, 0, 3);

        assertThat(fetched.records()).isEmpty();
        assertThat(fetched.nextOffset()).isEqualTo(3);
        assertThat(fetched.highWatermark()).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void fetchOverSeveralPartitionsAnswersInTheirOrder(boolean cached) {
        WireClient client = client(cached);
        client.produce(topic, Message.numbered(1, 0, 4));
        client.produce(topic, Message.numbered(0, 0, 2));

        assertThat(client.fetchSeveral(List.of(new Position(topic, 1, 1), new Position(topic, 0, 0)), 1 << 20, 0))
                .extracting(FetchBoundsTest::offsets)
                .containsExactly(List.of(1L, 2L, 3L), List.of(0L, 1L));
        assertThat(client.fetchSeveral(List.of(new Position(topic, 1, 4), new Position(topic, 0, 0)), 1 << 20, 0))
                .extracting(FetchBoundsTest::offsets)
                .containsExactly(List.of(), List.of(0L, 1L));
    }

    @Test
    void oneOfSeveralPartitionsWakesALongPoll() {
        WireClient client = client(true);
        client.produce(topic, Message.numbered(0, 0, 2));
        CompletableFuture<List<Fetched>> poll = CompletableFuture.supplyAsync(() ->
                client.fetchSeveral(List.of(new Position(topic, 0, 2), new Position(topic, 1, 0)), 1 << 20, 30_000));
        await().until(() -> caching.meter("tidemark_fetch_waiting") >= 1);
        client.produce(topic, Message.of("woken").to(1));

        assertThat(Answers.join(poll)).extracting(FetchBoundsTest::offsets).containsExactly(List.of(), List.of(0L));
    }

    @Test
    void offsetsBeyondTheEndAreRefusedAtOnceAlsoWithAWait() {
        WireClient client = client(true);
        client.produce(topic, Message.numbered(0, 0, 3));

        assertRefused(
                ErrorCode.OFFSET_OUT_OF_RANGE,
                "0 to 3",
                () -> client.fetch(topic, 0, 4, Bounds.DEFAULT.withMaxWaitMs(30_000)));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void walkingByNextOffsetReadsEverythingOnce(boolean cached) {
        WireClient client = client(cached);
        client.produce(topic, Message.numbered(0, 0, 500));

        List<Long> walked = new ArrayList<>();
        for (long next = 0; next < 500; ) {
            Fetched fetched = client.fetch(topic, 0, next, new Bounds(37, 2_000, 0));
            walked.addAll(offsets(fetched));
            next = fetched.nextOffset();
        }
        assertThat(walked)
                .containsExactlyElementsOf(LongStream.range(0, 500).boxed().toList());
    }
}
