package dev.tidemark.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tidemark.protocol.MediaTypes;
import dev.tidemark.protocol.Partitioner;
import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.protocol.RecordLayout;
import dev.tidemark.server.http.RunningServer.Answer;
import dev.tidemark.server.testing.TestDatabase;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HttpProduceTest {
    @Order(1)
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    @Order(2)
    @RegisterExtension
    static final RunningServer server = new RunningServer(database);

    private static final String JSON_VALUES = "\"configs\":{\"key.type\":\"text\",\"value.type\":\"json\"}";

    @Test
    void offsetsComeBackInTheOrderOfTheRequest() {
        String topic = server.newTopic("\"partition_count\":2");

        Answer answer = produce(
                topic,
                "{\"partition\":1,\"value\":\"a\"},{\"partition\":0,\"value\":\"b\"},{\"partition\":1,\"value\":\"c\",\"timestamp\":1700000000000}");

        assertThat(answer.status()).isEqualTo(200);
        JsonNode offsets = answer.json().path("offsets");
        assertThat(offsets.findValuesAsText("partition")).containsExactly("1", "0", "1");
        assertThat(offsets.findValuesAsText("offset")).containsExactly("0", "0", "1");
        assertThat(offsets.get(2).path("timestamp").asText()).isEqualTo("2023-11-14T22:13:20.000Z");
        assertThat(produce(topic, "{\"partition\":1}")
                        .json()
                        .at("/offsets/0/offset")
                        .asLong())
                .isEqualTo(2);
    }

    @Test
    void sqlSeesTheBytesThatWereSent() throws SQLException {
        String topic = server.newTopic(JSON_VALUES);

        produce(
                topic,
                "{\"key\":\"k\",\"value\":{ \"b\" : 1.50, \"a\" : [ 1E5 ], \"b\" : \"\\u00e9 é\" },\"headers\":{\"h\":\"1\"}},{\"value\":\"text\"},{\"value\":null}");

        try (Connection connection = database.connect()) {
            ResultSet rows = connection
                    .createStatement()
                    .executeQuery("select key, value::text, headers::text from topic.\"" + topic
                            + "\" order by record_offset");
            rows.next();
            assertThat(rows.getString(1)).isEqualTo("k");
            assertThat(rows.getString(2)).isEqualTo("{\"b\":1.50,\"a\":[1E5],\"b\":\"\\u00e9 é\"}");
            assertThat(rows.getString(3)).isEqualTo("[[\"h\",\"1\"]]");
            rows.next();
            assertThat(rows.getString(2)).isEqualTo("\"text\"");
            rows.next();
            assertThat(rows.getString(1)).isNull();
            assertThat(rows.getString(2)).isNull();
        }
    }

    @Test
    void recordsGoByKeyAsKafkasDo() {
        String topic = server.newTopic("\"partition_count\":7");

        JsonNode offsets = produce(topic, "{\"key\":\"a\"},{\"key\":\"ключ\"},{\"key_base64\":\"AAEC\"}")
                .json()
                .path("offsets");

        assertThat(offsets.get(0).path("partition").asInt())
                .isEqualTo(Partitioner.forKey("a".getBytes(StandardCharsets.UTF_8), 7));
        assertThat(offsets.get(1).path("partition").asInt())
                .isEqualTo(Partitioner.forKey("ключ".getBytes(StandardCharsets.UTF_8), 7));
        assertThat(offsets.get(2).path("partition").asInt()).isEqualTo(Partitioner.forKey(new byte[] {0, 1, 2}, 7));
    }

    @Test
    void recordsWithoutKeyGoToOnePartitionARequestAndToAnotherWithTheNext() {
        String topic = server.newTopic("\"partition_count\":3");
        Set<String> partitions = new HashSet<>();

        for (int request = 0; request < 3; request++) {
            JsonNode offsets = produce(topic, "{},{},{}").json().path("offsets");
            assertThat(new HashSet<>(offsets.findValuesAsText("partition"))).hasSize(1);
            partitions.addAll(offsets.findValuesAsText("partition"));
        }

        assertThat(partitions).containsExactlyInAnyOrder("0", "1", "2");
    }

    @Test
    void aRequestWithOneBadRecordAppendsNothingAndNamesIt() {
        String topic = server.newTopic("\"partition_count\":2", JSON_VALUES);

        Answer refused = produce(
                topic,
                "{\"partition\":0,\"value\":1},{\"partition\":1,\"value\":\"\\u0000\"},{\"partition\":0,\"value\":\"\\ud83d\"},{\"partition\":1,\"value\":2}");

        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.error()).isEqualTo("INVALID_RECORD");
        assertThat(refused.json().path("record_errors").findValuesAsText("index"))
                .containsExactly("1", "2");
        for (JsonNode partition : server.get("/v1/topics/" + topic).json().path("partitions")) {
            assertThat(partition.path("log_end_offset").asLong()).isZero();
        }
    }

    @Test
    void aTextTopicRefusesBytesThatAreNoText() {
        String topic = server.newTopic("\"configs\":{\"value.type\":\"text\"}");

        Answer refused = produce(topic, "{\"value\":\"fine\"},{\"value_base64\":\"wyg=\"},{\"value\":\"a\\u0000b\"}");

        assertThat(refused.error()).isEqualTo("INVALID_RECORD");
        assertThat(refused.json().path("record_errors").findValuesAsText("index"))
                .containsExactly("1", "2");
    }

    @Test
    void aRecordLargerThanTheTopicTakesIsNamed() {
        String topic = server.newTopic("\"configs\":{\"max.message.bytes\":1000}");

        Answer refused = produce(topic, "{\"value\":\"x\"},{\"value\":\"" + "x".repeat(2000) + "\"}");

        assertThat(refused.status()).isEqualTo(413);
        assertThat(refused.error()).isEqualTo("MESSAGE_TOO_LARGE");
        assertThat(refused.json().at("/record_errors/0/index").asInt()).isEqualTo(1);
    }

    @Test
    void aTimestampTooFarAheadIsNamed() {
        Answer refused = produce(server.newTopic(), "{},{\"timestamp\":\"9999-01-01T00:00:00Z\"}");

        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.error()).isEqualTo("INVALID_TIMESTAMP");
        assertThat(refused.json().at("/record_errors/0/index").asInt()).isEqualTo(1);
    }

    @Test
    void aTopicThatStampsRecordsItselfAnswersWithItsStamp() {
        String topic = server.newTopic("\"configs\":{\"message.timestamp.type\":\"LogAppendTime\"}");

        JsonNode offset = produce(topic, "{\"timestamp\":1}").json().at("/offsets/0");

        assertThat(offset.path("timestamp").asText()).isGreaterThan("2020");
        assertThat(offset.path("timestamp").asText())
                .isEqualTo(server.get("/v1/topics/" + topic + "/partitions/0/records?offset=0")
                        .json()
                        .at("/records/0/timestamp")
                        .asText());
    }

    @Test
    void aRequestSentTwiceWithItsSequencesIsInTheLogOnce() {
        String topic = server.newTopic("\"partition_count\":2");
        JsonNode producer = server.post("/v1/producers", "").json();
        String fields = "\"producer_id\":" + producer.path("producer_id") + ",\"producer_epoch\":"
                + producer.path("producer_epoch");
        String body = "{\"records\":[{\"partition\":0},{\"partition\":1},{\"partition\":0}]," + fields
                + ",\"base_sequences\":{\"0\":0,\"1\":0}}";

        Answer first = server.post("/v1/topics/" + topic + "/records", body);
        Answer second = server.post("/v1/topics/" + topic + "/records", body);

        assertThat(first.status()).isEqualTo(200);
        assertThat(second.json().path("offsets").findValuesAsText("offset"))
                .isEqualTo(first.json().path("offsets").findValuesAsText("offset"));
        assertThat(server.get("/v1/topics/" + topic)
                        .json()
                        .at("/partitions/0/log_end_offset")
                        .asLong())
                .isEqualTo(2);

        Answer gap = server.post(
                "/v1/topics/" + topic + "/records",
                "{\"records\":[{\"partition\":0}]," + fields + ",\"base_sequences\":{\"0\":7}}");

        assertThat(gap.status()).isEqualTo(409);
        assertThat(gap.error()).isEqualTo("OUT_OF_ORDER_SEQUENCE_NUMBER");
    }

    @ParameterizedTest
    @ValueSource(strings = {"all", "-1", "1"})
    void everyLevelOfAcknowledgementAnswersWithOffsets(String acks) {
        Answer answer = server.post("/v1/topics/" + server.newTopic() + "/records?acks=" + acks, "{\"records\":[{}]}");

        assertThat(answer.json().at("/offsets/0/offset").asLong(-1)).isZero();
    }

    @Test
    void withoutAcknowledgementThereAreNoOffsetsAndOnlyWhereTheTopicAllowsIt() {
        String topic = server.newTopic("\"configs\":{\"unsafe.acks\":true}");

        Answer answer = server.post("/v1/topics/" + topic + "/records?acks=0", "{\"records\":[{}]}");
        Answer refused = server.post("/v1/topics/" + server.newTopic() + "/records?acks=0", "{\"records\":[{}]}");

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.json().at("/offsets/0/offset").isNull()).isTrue();
        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.detail()).contains("unsafe.acks");
    }

    @Test
    void aBinaryRequestHasAnOutcomeForEachBatch() {
        String topic = server.newTopic("\"partition_count\":2", JSON_VALUES);
        byte[] frame = frame(batch(0, "1", "\"two\""), batch(1, "{}", "no json"), batch(5, "1"));

        Answer answer = binary(topic, frame);

        assertThat(answer.status()).isEqualTo(200);
        JsonNode batches = answer.json().path("batches");
        assertThat(batches.findValuesAsText("partition")).containsExactly("0", "1", "5");
        assertThat(batches.findValuesAsText("base_offset")).containsExactly("0", "-1", "-1");
        assertThat(batches.get(0).has("error")).isFalse();
        assertThat(batches.get(0).has("record_errors")).isFalse();
        assertThat(batches.get(1).path("error").asText()).isEqualTo("INVALID_RECORD");
        assertThat(batches.get(1).at("/record_errors/0/index").asInt()).isEqualTo(1);
        assertThat(batches.get(2).path("error").asText()).isEqualTo("UNKNOWN_TOPIC_OR_PARTITION");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0 | cut off",
                "3 | cut off",
                "4 | batches but has 4 bytes",
                "20 | batches but has 20 bytes",
                "29 | but",
                "60 | but",
                "-1 | bytes left"
            })
    void aFrameThatIsCutOffOrTooLongIsRefusedWhole(int length, String why) {
        byte[] frame = frame(batch(0, "1", "2"));
        byte[] broken = Arrays.copyOf(frame, length < 0 ? frame.length + 1 : length);

        Answer refused = binary(server.newTopic(), broken);

        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.error()).isEqualTo("INVALID_REQUEST");
    }

    @Test
    void recordsThatLieInTheirBatchAreRefusedWithTheirPlace() {
        byte[] frame = frame(batch(0, "1", "2"));
        int second = ProduceFrame.HEADER_BYTES + ProduceFrame.BATCH_HEADER_BYTES + RecordLayout.size(-1, 1, -1);
        for (int at = second; at < frame.length; at++) {
            byte[] broken = frame.clone();
            broken[at] ^= (byte) 0x80;

            Answer answer = binary(server.newTopic(JSON_VALUES), broken);

            assertThat(answer.status()).as("byte %d", at).isLessThan(500);
        }
    }

    @Test
    void anUnknownTopicIsSaidInBothForms() {
        Answer json = server.post("/v1/topics/nobody/records", "{\"records\":[{}]}");
        Answer binary = binary("nobody", frame(batch(0, "1")));

        assertThat(json.status()).isEqualTo(404);
        assertThat(json.error()).isEqualTo("UNKNOWN_TOPIC_OR_PARTITION");
        assertThat(binary.status()).isEqualTo(404);
        assertThat(binary.error()).isEqualTo("UNKNOWN_TOPIC_OR_PARTITION");
    }

    private static Answer produce(String topic, String records) {
        return server.post("/v1/topics/" + topic + "/records", "{\"records\":[" + records + "]}");
    }

    private static Answer binary(String topic, byte[] frame) {
        return server.send(server.request("/v1/topics/" + topic + "/records")
                .header("Content-Type", MediaTypes.RECORDS_V1)
                .POST(BodyPublishers.ofByteArray(frame)));
    }

    private static byte[] frame(byte[]... batches) {
        byte[] frame = new byte
                [ProduceFrame.HEADER_BYTES
                        + Arrays.stream(batches).mapToInt(b -> b.length).sum()];
        ProduceFrame.writeHeader(frame, 0, batches.length);
        int at = ProduceFrame.HEADER_BYTES;
        for (byte[] batch : batches) {
            System.arraycopy(batch, 0, frame, at, batch.length);
            at += batch.length;
        }
        return frame;
    }

    private static byte[] batch(int partition, String... values) {
        int length = 0;
        for (String value : values) {
            length += RecordLayout.size(-1, value.length(), -1);
        }
        byte[] batch = new byte[ProduceFrame.BATCH_HEADER_BYTES + length];
        ProduceFrame.writeBatchHeader(
                batch, 0, partition, ProduceFrame.NO_PRODUCER_ID, (short) -1, -1, values.length, length);
        int at = ProduceFrame.BATCH_HEADER_BYTES;
        for (int i = 0; i < values.length; i++) {
            at = RecordLayout.writeFixedPart(batch, at, i, 1_700_000_000_000L, partition);
            at = RecordLayout.writePart(batch, at, null);
            at = RecordLayout.writePart(batch, at, values[i].getBytes(StandardCharsets.UTF_8));
            at = RecordLayout.writePart(batch, at, null);
            at = RecordLayout.writePart(batch, at, null);
        }
        return batch;
    }
}
