package dev.tidemark.integration.contract;

import static dev.tidemark.integration.contract.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.client.Acks;
import dev.tidemark.integration.door.BinaryClient;
import dev.tidemark.integration.door.JsonClient;
import dev.tidemark.integration.door.LogClient;
import dev.tidemark.integration.door.Message;
import dev.tidemark.integration.door.Place;
import dev.tidemark.integration.door.Refused;
import dev.tidemark.integration.door.SdkClient;
import dev.tidemark.integration.door.WireClient.Sequenced;
import dev.tidemark.integration.server.RunningServer;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.protocol.api.BatchResult;
import dev.tidemark.protocol.api.ProducerIdentity;
import dev.tidemark.protocol.api.RecordProblem;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What one bad record does to those beside it: in JSON it takes the request along, in the binary form its batch, through the SDK nobody. */
class AtomicityTest {
    private static final ProducerIdentity NOBODY = new ProducerIdentity(ProduceFrame.NO_PRODUCER_ID, (short) -1);

    @RegisterExtension
    static final RunningServer server = new RunningServer();

    private final JsonClient json = new JsonClient(server.http());
    private final BinaryClient binary = new BinaryClient(server.http());
    private final LogClient sdk = new SdkClient(server.uri());
    private final String topic = RunningServer.newName();

    @BeforeEach
    void createTopic() {
        json.createTopic(topic, 3, Map.of("value.type", "json"));
    }

    @AfterEach
    void close() {
        sdk.close();
    }

    private static Message good(int partition) {
        return Message.of("{}").to(partition);
    }

    private static Message bad(int partition) {
        return Message.of("{").to(partition);
    }

    private List<Long> logEnds() {
        return List.of(json.latest(topic, 0), json.latest(topic, 1), json.latest(topic, 2));
    }

    @Test
    void jsonRequestWithABadRecordIsRefusedWholeAndNamesEveryBadRecord() {
        List<Message> messages = List.of(good(0), bad(1), good(1), good(2), bad(0));

        Refused refused =
                assertRefused(ErrorCode.INVALID_RECORD, "record 1", () -> json.produce(topic, Acks.ALL, messages));

        assertThat(refused.records())
                .extracting(RecordProblem::index, RecordProblem::error)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple(1, "INVALID_RECORD"),
                        org.assertj.core.groups.Tuple.tuple(4, "INVALID_RECORD"));
        assertThat(logEnds()).containsExactly(0L, 0L, 0L);
    }

    @Test
    void jsonRequestOverSeveralPartitionsIsAppendedInOneDatabaseTransaction() throws Exception {
        List<Place> places = json.produce(topic, List.of(good(2), good(0), good(2), good(1)));

        assertThat(places).extracting(Place::partition).containsExactly(2, 0, 2, 1);
        assertThat(places).extracting(Place::offset).containsExactly(0L, 0L, 1L, 0L);
        try (var connection = server.connect();
                var query = connection.prepareStatement(
                        "select count(distinct b.append_id), count(*) from tidemark_internal.batch b"
                                + " join tidemark_internal.partition p using (partition_id)"
                                + " join tidemark_internal.topic t using (topic_id) where t.name = ?")) {
            query.setString(1, topic);
            var row = query.executeQuery();
            row.next();
            assertThat(row.getInt(1)).isEqualTo(1);
            assertThat(row.getInt(2)).isEqualTo(3);
        }
    }

    @Test
    void jsonRequestWithASequenceGapInOnePartitionAppendsToNone() {
        ProducerIdentity producer = json.newProducer();
        Map<String, Object> body = Map.of(
                "producer_id", producer.producerId(),
                "producer_epoch", producer.producerEpoch(),
                "base_sequences", Map.of("0", 0, "1", 7),
                "records", List.of(Map.of("partition", 0, "value", 1), Map.of("partition", 1, "value", 2)));

        assertRefused(
                ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
                "partition 1",
                () -> server.http().post("/v1/topics/" + topic + "/records", body));
        assertThat(logEnds()).containsExactly(0L, 0L, 0L);
    }

    @Test
    void binaryRequestRefusesOnlyTheBatchAtFaultAndNamesItsRecord() {
        List<BatchResult> results = binary.produceBatches(
                topic,
                Acks.ALL,
                List.of(
                        new Sequenced(NOBODY, -1, 0, List.of(good(0), good(0))),
                        new Sequenced(NOBODY, -1, 1, List.of(good(1), good(1), bad(1))),
                        new Sequenced(NOBODY, -1, 2, List.of(good(2)))));

        assertThat(results).extracting(BatchResult::error).containsExactly(null, "INVALID_RECORD", null);
        assertThat(results).extracting(BatchResult::baseOffset).containsExactly(0L, -1L, 0L);
        assertThat(results.get(1).recordErrors())
                .extracting(RecordProblem::index)
                .containsExactly(2);
        assertThat(logEnds()).containsExactly(2L, 0L, 1L);
    }

    @Test
    void binaryRequestForAPartitionThatIsNotThereKeepsItsOtherBatches() {
        List<BatchResult> results = binary.produceBatches(
                topic,
                Acks.ALL,
                List.of(
                        new Sequenced(NOBODY, -1, 7, List.of(good(7))),
                        new Sequenced(NOBODY, -1, 2, List.of(good(2)))));

        assertThat(results).extracting(BatchResult::error).containsExactly("UNKNOWN_TOPIC_OR_PARTITION", null);
        assertThat(logEnds()).containsExactly(0L, 0L, 1L);
    }

    @Test
    void badRecordOfOneRequestDoesNotHarmAnothersInTheSameMoment() {
        List<java.util.concurrent.CompletableFuture<List<Place>>> answers = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            Message message = i % 4 == 0 ? bad(0) : good(0);
            answers.add(binary.produceAsync(topic, Acks.ALL, new Sequenced(NOBODY, -1, 0, List.of(message))));
        }
        long appended = answers.stream()
                .filter(answer ->
                        !answer.exceptionally(refused -> List.of()).join().isEmpty())
                .count();

        assertThat(appended).isEqualTo(15);
        assertThat(logEnds()).containsExactly(15L, 0L, 0L);
    }

    @Test
    void badRecordInAnSdkBatchFailsAlone() {
        List<Message> messages = List.of(good(0), bad(0), good(0));

        assertRefused(ErrorCode.INVALID_RECORD, "value", () -> sdk.produce(topic, messages));
        // The good ones may still be on their way when the bad one has failed.
        assertThat(sdk.read(topic, 0, 0, 2)).hasSize(2);
        assertThat(logEnds()).containsExactly(2L, 0L, 0L);
    }
}
