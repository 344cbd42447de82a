package dev.tidemark.integration.contract;

import static dev.tidemark.integration.contract.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.client.Acks;
import dev.tidemark.integration.door.Answers;
import dev.tidemark.integration.door.LogClient;
import dev.tidemark.integration.door.Message;
import dev.tidemark.integration.door.Place;
import dev.tidemark.integration.door.Stored;
import dev.tidemark.integration.server.Door;
import dev.tidemark.integration.server.RunningServer;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.Partitioner;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@ThroughEveryDoor
class ProduceAndFetchTest {
    private static final Duration LONGER_THAN_ANY_TEST = Duration.ofSeconds(30);

    @RegisterExtension
    static final RunningServer server = new RunningServer();

    private final LogClient client;
    private final String topic = RunningServer.newName();

    ProduceAndFetchTest(Door door) {
        client = server.client(door);
    }

    @AfterEach
    void close() {
        client.close();
    }

    @Test
    void offsetsAreDenseFromZeroAndInRequestOrder() {
        client.createTopic(topic, 1, Map.of());

        List<Place> places = new ArrayList<>(client.produce(topic, Message.numbered(0, 0, 10)));
        places.addAll(client.produce(topic, Message.numbered(0, 10, 5)));

        assertThat(places)
                .extracting(Place::offset)
                .containsExactlyElementsOf(
                        IntStream.range(0, 15).mapToObj(Long::valueOf).toList());
        List<Stored> stored = client.read(topic, 0, 0, 15);
        assertThat(stored)
                .extracting(Stored::offset)
                .isEqualTo(places.stream().map(Place::offset).toList());
        assertThat(stored)
                .extracting(record -> record.content().valueText())
                .containsExactlyElementsOf(
                        IntStream.range(0, 15).mapToObj(Integer::toString).toList());
    }

    @Test
    void readingMovesNothingAndMayBeginAnywhere() {
        client.createTopic(topic, 1, Map.of());
        client.produce(topic, Message.numbered(0, 0, 20));

        List<Stored> fromSeven = client.read(topic, 0, 7, 13);
        assertThat(fromSeven.get(0).offset()).isEqualTo(7);
        assertThat(client.read(topic, 0, 7, 13)).isEqualTo(fromSeven);
    }

    @Test
    void keyedRecordsGoWhereKafkasPartitionerSends() {
        client.createTopic(topic, 7, Map.of());
        List<Message> messages = IntStream.range(0, 40)
                .mapToObj(n -> Message.of("key " + n % 13, "value " + n))
                .toList();

        List<Place> places = client.produce(topic, messages);

        for (int i = 0; i < messages.size(); i++) {
            byte[] key = ("key " + i % 13).getBytes(StandardCharsets.UTF_8);
            assertThat(places.get(i).partition()).isEqualTo(Partitioner.forKey(key, 7));
        }
        for (int partition = 0; partition < 7; partition++) {
            assertOffsetsBegin(places, partition);
        }
    }

    private static void assertOffsetsBegin(List<Place> places, int partition) {
        List<Long> offsets = places.stream()
                .filter(place -> place.partition() == partition)
                .map(Place::offset)
                .toList();
        assertThat(offsets)
                .containsExactlyElementsOf(IntStream.range(0, offsets.size())
                        .mapToObj(Long::valueOf)
                        .toList());
    }

    @Test
    void pollAtTheEndIsWokenByAnAppend() {
        client.createTopic(topic, 1, Map.of());
        client.produce(topic, Message.of("before"));

        CompletableFuture<List<Stored>> poll = client.poll(topic, 0, 1, LONGER_THAN_ANY_TEST);
        awaitWaitingFetch();
        client.produce(topic, Message.of("after"));

        List<Stored> records = Answers.join(poll.orTimeout(10, java.util.concurrent.TimeUnit.SECONDS));
        assertThat(records).hasSize(1);
        assertThat(records.get(0).offset()).isEqualTo(1);
        assertThat(records.get(0).content().valueText()).isEqualTo("after");
    }

    @Test
    void pollOfAnEmptyTopicIsWokenByItsFirstRecord() {
        client.createTopic(topic, 2, Map.of());

        CompletableFuture<List<Stored>> poll = client.poll(topic, 1, 0, LONGER_THAN_ANY_TEST);
        awaitWaitingFetch();
        client.produce(topic, Message.of("first").to(1));

        assertThat(Answers.join(poll)).extracting(Stored::offset).containsExactly(0L);
    }

    private static void awaitWaitingFetch() {
        await().until(() -> server.meter("tidemark_fetch_waiting") >= 1);
    }

    @Test
    void pollThatNothingComesToEndsEmpty() {
        client.createTopic(topic, 1, Map.of());

        assertThat(Answers.join(client.poll(topic, 0, 0, Duration.ofMillis(50))))
                .isEmpty();
    }

    @Test
    void offsetsOutsideTheLogAreRefusedWithItsRange() {
        client.createTopic(topic, 1, Map.of());
        client.produce(topic, Message.numbered(0, 0, 3));

        assertRefused(
                ErrorCode.OFFSET_OUT_OF_RANGE,
                "0 to 3",
                () -> Answers.join(client.poll(topic, 0, 4, Duration.ofSeconds(5))));
        assertThat(client.earliest(topic, 0)).isZero();
        assertThat(client.latest(topic, 0)).isEqualTo(3);
    }

    @Test
    void leaderAcksAreAnsweredWithOffsets() {
        client.createTopic(topic, 1, Map.of());

        assertThat(client.produce(topic, Acks.LEADER, Message.numbered(0, 0, 3)))
                .extracting(Place::offset)
                .containsExactly(0L, 1L, 2L);
    }

    @Test
    void acksZeroNeedsATopicThatAllowsIt() {
        client.createTopic(topic, 1, Map.of());
        assertRefused(
                ErrorCode.INVALID_REQUEST,
                "unsafe.acks",
                () -> client.produce(topic, Acks.NONE, List.of(Message.of("unsafe"))));

        String allowing = RunningServer.newName();
        client.createTopic(allowing, 1, Map.of("unsafe.acks", "true"));
        assertThat(client.produce(allowing, Acks.NONE, List.of(Message.of("unsafe"))))
                .extracting(Place::offset)
                .containsExactly(-1L);
        assertThat(client.read(allowing, 0, 0, 1).get(0).content().valueText()).isEqualTo("unsafe");
        assertThat(client.latest(topic, 0)).isZero();
    }
}
