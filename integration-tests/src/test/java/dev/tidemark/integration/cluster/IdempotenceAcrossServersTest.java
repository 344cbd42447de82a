package dev.tidemark.integration.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.client.Acks;
import dev.tidemark.integration.contract.ThroughBothForms;
import dev.tidemark.integration.door.Answers;
import dev.tidemark.integration.door.Message;
import dev.tidemark.integration.door.Place;
import dev.tidemark.integration.door.Refused;
import dev.tidemark.integration.door.WireClient;
import dev.tidemark.integration.door.WireClient.Sequenced;
import dev.tidemark.integration.server.Door;
import dev.tidemark.integration.server.PartitionLock;
import dev.tidemark.integration.server.RunningServer;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.ProducerIdentity;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** One producer's requests, some through one server, some through the other, as a balancer deals them out. */
@ThroughBothForms
class IdempotenceAcrossServersTest {
    @RegisterExtension
    static final RunningServer server = new RunningServer();

    @RegisterExtension
    static final TwoServers servers = new TwoServers(server);

    private final WireClient first;
    private final WireClient second;
    private final String topic = RunningServer.newName();
    private ProducerIdentity producer;

    IdempotenceAcrossServersTest(Door door) {
        first = servers.onFirst(door);
        second = servers.onSecond(door);
    }

    @BeforeEach
    void createTopic() {
        first.createTopic(topic, 2, Map.of());
        producer = second.newProducer();
    }

    private WireClient either(int turn) {
        return turn % 2 == 0 ? first : second;
    }

    /** A batch whose values are its sequences. */
    private Sequenced batch(int baseSequence, int count) {
        return new Sequenced(producer, baseSequence, 0, Message.numbered(0, baseSequence, count));
    }

    private void assertLogHoldsTheNumbersUpTo(int end) {
        for (WireClient client : List.of(first, second)) {
            assertThat(client.read(topic, 0, 0, end))
                    .extracting(stored -> stored.content().valueText())
                    .containsExactlyElementsOf(
                            IntStream.range(0, end).mapToObj(Integer::toString).toList());
            assertThat(client.latest(topic, 0)).isEqualTo(end);
        }
    }

    @Test
    void sequencesGoOnFromServerToServer() {
        for (int n = 0; n < 20; n++) {
            assertThat(either(n).produce(topic, batch(2 * n, 2)))
                    .extracting(Place::offset)
                    .containsExactly(2L * n, 2L * n + 1);
        }
        assertLogHoldsTheNumbersUpTo(40);
    }

    @Test
    void repeatThroughTheOtherServerGetsItsOriginalOffsets() {
        for (int n = 0; n < 5; n++) {
            either(n).produce(topic, batch(3 * n, 3));
        }
        for (int n = 0; n < 5; n++) {
            assertThat(either(n + 1).produce(topic, batch(3 * n, 3)))
                    .extracting(Place::offset)
                    .containsExactly(3L * n, 3L * n + 1, 3L * n + 2);
        }
        assertLogHoldsTheNumbersUpTo(15);
    }

    @Test
    void sameBatchThroughBothServersAtOnceIsAppendedOnce() {
        for (int n = 0; n < 10; n++) {
            CompletableFuture<List<Place>> one = first.produceAsync(topic, Acks.ALL, batch(n, 1));
            CompletableFuture<List<Place>> other = second.produceAsync(topic, Acks.ALL, batch(n, 1));

            assertThat(Answers.join(one)).extracting(Place::offset).containsExactly((long) n);
            assertThat(Answers.join(other)).extracting(Place::offset).containsExactly((long) n);
        }
        assertLogHoldsTheNumbersUpTo(10);
    }

    @Test
    void earlyBatchIsParkedUntilItsPredecessorCameThroughTheOtherServer() throws SQLException {
        first.produce(topic, batch(0, 1));
        CompletableFuture<List<Place>> predecessor;
        CompletableFuture<List<Place>> early;
        // Locks are granted in the order they are asked for: the early batch looks first, and finds its predecessor
        // missing.
        try (PartitionLock lock = PartitionLock.hold(server, topic, 0)) {
            early = second.produceAsync(topic, Acks.ALL, batch(3, 2));
            lock.awaitWaiter();
            predecessor = first.produceAsync(topic, Acks.ALL, batch(1, 2));
            lock.awaitWaiters(2);
        }

        assertThat(Answers.join(predecessor)).extracting(Place::offset).containsExactly(1L, 2L);
        assertThat(Answers.join(early)).extracting(Place::offset).containsExactly(3L, 4L);
        assertLogHoldsTheNumbersUpTo(5);
    }

    @Test
    void olderEpochIsFencedOnEveryServer() {
        first.produce(topic, batch(0, 1));
        ProducerIdentity next = new ProducerIdentity(producer.producerId(), (short) 1);
        second.produce(topic, new Sequenced(next, 0, 0, Message.numbered(0, 1, 1)));

        assertThatThrownBy(() -> first.produce(topic, batch(1, 1)))
                .isInstanceOfSatisfying(
                        Refused.class,
                        refused -> assertThat(refused.error()).isEqualTo(ErrorCode.INVALID_PRODUCER_EPOCH));
        assertLogHoldsTheNumbersUpTo(2);
    }

    /** What a whole JSON request appends lies together in every partition, whoever appends beside it. */
    @Test
    void requestsOverSeveralPartitionsThroughBothServersAtOnceAreDone() {
        List<CompletableFuture<List<Place>>> answers = new ArrayList<>();
        for (int n = 0; n < 20; n++) {
            WireClient client = either(n);
            String value = "" + n;
            List<Message> messages = List.of(
                    Message.of(value).to(1),
                    Message.of(value).to(0),
                    Message.of(value).to(1));
            answers.add(CompletableFuture.supplyAsync(
                    () -> client.produce(topic, messages), task -> new Thread(task).start()));
        }
        answers.forEach(answer -> assertThat(Answers.join(answer)).hasSize(3));

        assertThat(first.read(topic, 0, 0, 20))
                .extracting(stored -> stored.content().valueText())
                .doesNotHaveDuplicates();
        List<String> pairs = second.read(topic, 1, 0, 40).stream()
                .map(stored -> String.valueOf(stored.content().valueText()))
                .toList();
        for (int i = 0; i < 40; i += 2) {
            assertThat(pairs.get(i)).isEqualTo(pairs.get(i + 1));
        }
        assertThat(pairs.stream().distinct()).hasSize(20);
    }
}
