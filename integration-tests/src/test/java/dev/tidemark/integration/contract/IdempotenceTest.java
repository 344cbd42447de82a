package dev.tidemark.integration.contract;

import static dev.tidemark.integration.contract.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.client.Acks;
import dev.tidemark.integration.door.Answers;
import dev.tidemark.integration.door.Message;
import dev.tidemark.integration.door.Place;
import dev.tidemark.integration.door.Stored;
import dev.tidemark.integration.door.WireClient;
import dev.tidemark.integration.door.WireClient.Sequenced;
import dev.tidemark.integration.server.Door;
import dev.tidemark.integration.server.PartitionLock;
import dev.tidemark.integration.server.RunningServer;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.ProducerIdentity;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@ThroughBothForms
class IdempotenceTest {
    @RegisterExtension
    static final RunningServer server = new RunningServer();

    private final WireClient client;
    private final String topic = RunningServer.newName();
    private ProducerIdentity producer;

    IdempotenceTest(Door door) {
        client = (WireClient) server.client(door);
    }

    @BeforeEach
    void createTopic() {
        client.createTopic(topic, 2, Map.of());
        producer = client.newProducer();
    }

    /** A batch whose values are its sequences. */
    private Sequenced batch(int baseSequence, int count) {
        return batch(producer, baseSequence, count);
    }

    private static Sequenced batch(ProducerIdentity producer, int baseSequence, int count) {
        return new Sequenced(producer, baseSequence, 0, Message.numbered(0, baseSequence, count));
    }

    private static ProducerIdentity nextEpoch(ProducerIdentity producer) {
        return new ProducerIdentity(producer.producerId(), (short) (producer.producerEpoch() + 1));
    }

    private void assertLogHoldsTheNumbersUpTo(int end) {
        assertThat(client.read(topic, 0, 0, end))
                .extracting(stored -> stored.content().valueText())
                .containsExactlyElementsOf(
                        IntStream.range(0, end).mapToObj(Integer::toString).toList());
        assertThat(client.latest(topic, 0)).isEqualTo(end);
    }

    @Test
    void everyProducerHasAnIdOfItsOwn() {
        ProducerIdentity other = client.newProducer();

        assertThat(other.producerId()).isNotEqualTo(producer.producerId());
        assertThat(other.producerEpoch()).isZero();
    }

    @Test
    void repeatedBatchGetsItsOriginalOffsets() {
        List<Place> first = client.produce(topic, batch(0, 3));
        client.produce(topic, batch(3, 2));

        assertThat(client.produce(topic, batch(0, 3))).extracting(Place::offset).isEqualTo(offsets(first));
        assertThat(client.produce(topic, batch(3, 2))).extracting(Place::offset).containsExactly(3L, 4L);
        assertLogHoldsTheNumbersUpTo(5);
    }

    private static List<Long> offsets(List<Place> places) {
        return places.stream().map(Place::offset).toList();
    }

    @Test
    void repeatIsKnownAmongTheLastFiveBatchesAlsoAfterARestart() {
        for (int i = 0; i < 5; i++) {
            client.produce(topic, batch(i, 1));
        }
        server.restart();

        assertThat(client.produce(topic, batch(0, 1))).extracting(Place::offset).containsExactly(0L);
        assertThat(client.produce(topic, batch(4, 1))).extracting(Place::offset).containsExactly(4L);
        assertLogHoldsTheNumbersUpTo(5);
    }

    @Test
    void batchBehindAGapIsRefusedAndNothingIsAppended() {
        client.produce(topic, batch(0, 2));

        assertRefused(
                ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, "base sequence 5", () -> client.produce(topic, batch(5, 1)));
        assertRefused(
                ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
                "base sequence 1",
                () -> client.produce(topic, batch(client.newProducer(), 1, 1)));
        assertLogHoldsTheNumbersUpTo(2);
    }

    @Test
    void newEpochBeginsAtZeroAndFencesTheOldOne() {
        client.produce(topic, batch(0, 2));
        ProducerIdentity successor = nextEpoch(producer);
        Sequenced successors = new Sequenced(successor, 0, 0, Message.numbered(0, 2, 1));

        assertThat(client.produce(topic, successors)).extracting(Place::offset).containsExactly(2L);
        assertRefused(ErrorCode.INVALID_PRODUCER_EPOCH, "epoch 0", () -> client.produce(topic, batch(2, 1)));
        assertRefused(ErrorCode.INVALID_PRODUCER_EPOCH, "epoch 0", () -> client.produce(topic, batch(0, 2)));
        assertLogHoldsTheNumbersUpTo(3);
    }

    @Test
    void newEpochThatDoesNotBeginAtZeroIsAGap() {
        client.produce(topic, batch(0, 2));

        assertRefused(
                ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
                "epoch 1",
                () -> client.produce(topic, batch(nextEpoch(producer), 2, 1)));
    }

    @Test
    void sequencesOfPartitionsAndProducersAreTheirOwn() {
        ProducerIdentity other = client.newProducer();
        client.produce(topic, batch(0, 2));

        assertThat(client.produce(topic, new Sequenced(other, 0, 0, Message.numbered(0, 2, 1))))
                .extracting(Place::offset)
                .containsExactly(2L);
        assertThat(client.produce(topic, new Sequenced(producer, 0, 1, Message.numbered(1, 0, 1))))
                .extracting(Place::partition, Place::offset)
                .containsExactly(org.assertj.core.groups.Tuple.tuple(1, 0L));
        assertLogHoldsTheNumbersUpTo(3);
    }

    @Test
    void sequencesWrapAroundAfterTheLargestInt() throws SQLException {
        // Nobody appends two billion records to test this: the producer's last batch is moved there.
        client.produce(topic, batch(0, 1));
        try (var connection = server.connect();
                var move = connection.prepareStatement(
                        "update tidemark_internal.batch set base_sequence = 2147483646 where producer_id = ?")) {
            move.setLong(1, producer.producerId());
            assertThat(move.executeUpdate()).isEqualTo(1);
        }

        client.produce(topic, new Sequenced(producer, Integer.MAX_VALUE, 0, Message.numbered(0, 1, 2)));
        assertThat(client.produce(topic, new Sequenced(producer, 1, 0, Message.numbered(0, 3, 1))))
                .extracting(Place::offset)
                .containsExactly(3L);
        assertLogHoldsTheNumbersUpTo(4);
    }

    @Test
    void earlyBatchWaitsForItsPredecessor() throws SQLException {
        client.produce(topic, batch(0, 1));
        CompletableFuture<List<Place>> early;
        CompletableFuture<List<Place>> predecessor;
        // While the partition's lock is held the early batch stands first in its lane; the predecessor queues behind
        // it.
        try (PartitionLock lock = PartitionLock.hold(server, topic, 0)) {
            early = client.produceAsync(topic, Acks.ALL, batch(3, 2));
            lock.awaitWaiter();
            double queued = server.meter("tidemark_append_queued_bytes");
            predecessor = client.produceAsync(topic, Acks.ALL, batch(1, 2));
            await().until(() -> server.meter("tidemark_append_queued_bytes") > queued);
        }

        assertThat(Answers.join(predecessor)).extracting(Place::offset).containsExactly(1L, 2L);
        assertThat(Answers.join(early)).extracting(Place::offset).containsExactly(3L, 4L);
        assertLogHoldsTheNumbersUpTo(5);
    }

    @Test
    void batchesThatOvertookEachOtherInManyRequestsEndUpInOrder() {
        List<CompletableFuture<List<Place>>> answers = List.of(4, 2, 3, 0, 1).stream()
                .map(n -> client.produceAsync(topic, Acks.ALL, batch(n, 1)))
                .toList();

        // Those that were parked too long are refused, and sent again as the SDK does.
        answers.forEach(answer -> answer.exceptionally(refused -> List.of()).join());
        for (int n = 0; n < 5; n++) {
            assertThat(client.produce(topic, batch(n, 1)))
                    .extracting(Place::offset)
                    .containsExactly((long) n);
        }
        assertLogHoldsTheNumbersUpTo(5);
        assertThat(client.read(topic, 0, 0, 5)).extracting(Stored::offset).containsExactly(0L, 1L, 2L, 3L, 4L);
    }
}
