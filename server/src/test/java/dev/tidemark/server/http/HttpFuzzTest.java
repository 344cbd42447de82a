package dev.tidemark.server.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.MediaTypes;
import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.protocol.RecordLayout;
import dev.tidemark.protocol.TransactionFrame;
import dev.tidemark.server.http.RunningServer.Answer;
import dev.tidemark.server.testing.Fuzz;
import dev.tidemark.server.testing.TestDatabase;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.Base64;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Requests with a few bytes changed, through the whole server: what it accepts is stored and read back, what it refuses is a problem with a name. */
class HttpFuzzTest {
    /** Reads JSON as Jackson does, by itself. */
    private static final JsonMapper READER = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS, DeserializationFeature.USE_BIG_INTEGER_FOR_INTS)
            .build();

    @Order(1)
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    @Order(2)
    @RegisterExtension
    static final RunningServer server = new RunningServer(database);

    @Test
    void aJsonProduceRequestIsStoredAsItReadsOrRefused() {
        String bytes = server.newTopic();
        String json = server.newTopic("\"configs\":{\"key.type\":\"text\",\"value.type\":\"json\"}");
        Fuzz.run(300, random -> {
            boolean isJson = random.nextBoolean();
            String topic = isJson ? json : bytes;
            byte[] body = Fuzz.mutated(produceRequest(random).getBytes(UTF_8), random);
            Answer answer = server.send(server.request("/v1/topics/" + topic + "/records")
                    .header("Content-Type", "application/json")
                    .POST(BodyPublishers.ofByteArray(body)));
            if (answer.status() == 200) {
                assertStored(topic, isJson, body, answer.json().path("offsets"));
            } else {
                assertRefused(answer, Fuzz.shown(body));
            }
        });
    }

    private static void assertStored(String topic, boolean isJson, byte[] body, JsonNode offsets) throws IOException {
        JsonNode records = READER.readTree(body).path("records");
        assertThat(offsets.size()).isEqualTo(records.size());
        for (int i = 0; i < records.size(); i++) {
            long offset = offsets.get(i).path("offset").asLong();
            byte[] read = server.exchange(server.request(
                            "/v1/topics/" + topic + "/partitions/0/records?max_records=1&offset=" + offset))
                    .body();
            JsonNode stored = READER.readTree(read).path("records").get(0);
            assertThat(stored.path("offset").asLong()).isEqualTo(offset);
            assertSameValue(records.get(i), stored, isJson);
            assertSameKey(records.get(i), stored, isJson);
        }
    }

    private static void assertSameKey(JsonNode sent, JsonNode stored, boolean isText) {
        if (sent.path("key").isTextual()) {
            assertThat(isText ? stored.path("key").textValue() : decoded(stored, "key_base64"))
                    .isEqualTo(sent.path("key").textValue());
        }
    }

    private static void assertSameValue(JsonNode sent, JsonNode stored, boolean isJson) throws IOException {
        if (sent.hasNonNull("value_base64")) {
            return;
        }
        JsonNode value = sent.path("value");
        if (value.isNull() || value.isMissingNode()) {
            assertThat(stored.path("value").isNull()).isTrue();
        } else if (isJson) {
            assertThat(stored.path("value")).isEqualTo(value);
        } else if (value.isTextual()) {
            assertThat(decoded(stored, "value_base64")).isEqualTo(value.textValue());
        } else {
            assertThat(READER.readTree(decoded(stored, "value_base64"))).isEqualTo(value);
        }
    }

    private static String decoded(JsonNode stored, String field) {
        return new String(Base64.getDecoder().decode(stored.path(field).asText()), UTF_8);
    }

    /** All or nothing: what is refused leaves nothing in either topic. */
    @Test
    void aTransactionIsStoredWholeOrRefusedWhole() {
        String bytes = server.newTopic();
        String json = server.newTopic("\"configs\":{\"key.type\":\"text\",\"value.type\":\"json\"}");
        Fuzz.run(200, random -> {
            byte[] body = Fuzz.mutated(transaction(random, bytes, json).getBytes(UTF_8), random);
            long before = logEnd(bytes) + logEnd(json);
            Answer answer = server.send(server.request("/v1/records")
                    .header("Content-Type", "application/json")
                    .POST(BodyPublishers.ofByteArray(body)));
            int stored = 0;
            if (answer.status() == 200) {
                stored = READER.readTree(body).path("records").size();
                assertThat(answer.json().path("offsets").size()).isEqualTo(stored);
            } else {
                assertRefused(answer, Fuzz.shown(body));
            }
            assertThat(logEnd(bytes) + logEnd(json)).as(Fuzz.shown(body)).isEqualTo(before + stored);
        });
    }

    private static long logEnd(String topic) {
        return server.get("/v1/topics/" + topic)
                .json()
                .at("/partitions/0/log_end_offset")
                .asLong();
    }

    private static String transaction(Random random, String bytes, String json) {
        return "{\"records\":[{\"topic\":\"" + bytes + "\",\"key\":" + Fuzz.quoted(Fuzz.text(random, 10))
                + ",\"value_base64\":\"AAE=\"},{\"value\":{\"a\":[1,2.5e3]},\"topic\":\"" + json
                + "\"}],\"commit\":{\"group\":\"fuzz\",\"offsets\":[{\"topic\":\"" + bytes
                + "\",\"partition\":0,\"committed_offset\":0,\"metadata\":" + Fuzz.quoted(Fuzz.text(random, 10))
                + "}]}}";
    }

    @Test
    void aTransactionFrameIsAnsweredOrRefused() {
        String topic = server.newTopic();
        Fuzz.run(200, random -> {
            byte[] body = Fuzz.mutated(transactionFrame(topic), random);
            Answer answer = server.send(server.request("/v1/records")
                    .header("Content-Type", MediaTypes.TRANSACTION_V1)
                    .POST(BodyPublishers.ofByteArray(body)));
            if (answer.status() != 200) {
                assertRefused(answer, Fuzz.shown(body));
            }
        });
        assertThat(server.send(server.request("/v1/records")
                                .header("Content-Type", MediaTypes.TRANSACTION_V1)
                                .POST(BodyPublishers.ofByteArray(transactionFrame(topic))))
                        .status())
                .as("the frame as it is")
                .isEqualTo(200);
    }

    /** One record for the topic, and a commit of its offset. */
    private static byte[] transactionFrame(String topic) {
        byte[] name = topic.getBytes(UTF_8);
        byte[] commit = ("{\"group\":\"fuzz\",\"offsets\":[{\"topic\":\"" + topic
                        + "\",\"partition\":0,\"committed_offset\":0}]}")
                .getBytes(UTF_8);
        int recordBytes = RecordLayout.size(-1, 5, -1);
        byte[] frame = new byte
                [4
                        + TransactionFrame.topicHeaderBytes(name)
                        + ProduceFrame.BATCH_HEADER_BYTES
                        + recordBytes
                        + 4
                        + commit.length];
        RecordLayout.putInt(frame, 0, 1);
        int at = TransactionFrame.writeTopicHeader(frame, 4, name, 1);
        ProduceFrame.writeBatchHeader(frame, at, 0, ProduceFrame.NO_PRODUCER_ID, (short) -1, -1, 1, recordBytes);
        at = RecordLayout.writeFixedPart(frame, at + ProduceFrame.BATCH_HEADER_BYTES, 0, 1_700_000_000_000L, 0);
        at = RecordLayout.writePart(frame, at, null);
        at = RecordLayout.writePart(frame, at, "value".getBytes(UTF_8));
        at = RecordLayout.writePart(frame, at, null);
        at = RecordLayout.writePart(frame, at, null);
        RecordLayout.putInt(frame, at, commit.length);
        System.arraycopy(commit, 0, frame, at + 4, commit.length);
        return frame;
    }

    @Test
    void aFetchRequestIsAnsweredOrRefused() {
        String topic = server.newTopic("\"partition_count\":2");
        String valid =
                "{\"partitions\":[{\"topic\":\"" + topic + "\",\"partition\":0,\"offset\":0},{\"topic\":\"" + topic
                        + "\",\"partition\":1,\"offset\":\"latest\"}],\"max_bytes\":1000,\"max_records\":10,\"max_wait_ms\":0}";
        Fuzz.run(300, random -> {
            byte[] body = Fuzz.mutated(valid.getBytes(UTF_8), random);
            Answer answer = server.send(server.request("/v1/fetch")
                    .header("Content-Type", "application/json")
                    .POST(BodyPublishers.ofByteArray(body)));
            if (answer.status() != 200) {
                assertRefused(answer, Fuzz.shown(body));
            }
        });
    }

    @Test
    void aRequestLineIsAnsweredOrRefused() {
        String topic = server.newTopic();
        String[] valid = {
            "/v1/topics/" + topic
                    + "/partitions/0/records?offset=0&max_records=5&max_bytes=100&max_wait_ms=0&decode=text",
            "/v1/topics/" + topic + "/partitions/0/offsets?at=2026-11-22T09:57:26.123Z",
            "/v1/topics/" + topic + "/partitions/0/offsets?at=earliest",
            "/v1/topics/" + topic
        };
        Fuzz.run(300, random -> {
            byte[] target = Fuzz.mutated(valid[random.nextInt(valid.length)].getBytes(UTF_8), random);
            // Waits are bounded, but would be long here.
            String line = Fuzz.shown(target).replaceAll("max_wait_ms=[1-9]\\d*", "max_wait_ms=0");
            String answer =
                    server.raw("GET " + line + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", new byte[0]);
            assertThat(answer).as(line).matches("(?s)HTTP/1\\.[01] [24].*");
            if (answer.startsWith("HTTP/1.1 4")) {
                assertThat(answer).contains("\"error\":\"", "\"detail\":\"");
            }
        });
    }

    private static void assertRefused(Answer answer, String what) {
        assertThat(answer.status()).as(what).isBetween(400, 499);
        assertThat(answer.contentType()).isEqualTo("application/problem+json");
        assertThat(ErrorCode.byName(answer.error())).as(what).isPresent();
        assertThat(answer.detail()).as(what).isNotEmpty();
    }

    private static String produceRequest(Random random) {
        Map<Integer, String> values = Map.of(
                0, "{\"a\":[1,2.5e3,\"\\u00e9\",-0.10],\"b\":{\"c\":null,\"d\":true}}",
                1, Fuzz.quoted(Fuzz.text(random, 20)),
                2, "[]",
                3, "12345678901234567890.125",
                4, "null");
        return "{\"records\":[{\"key\":" + Fuzz.quoted(Fuzz.text(random, 10)) + ",\"value\":"
                + values.get(random.nextInt(5))
                + ",\"headers\":{\"h\":\"v\"},\"timestamp\":1700000000000},{\"value_base64\":\"e30=\","
                + "\"headers\":[{\"name\":\"a\",\"value_base64\":\"AA==\"}]},{\"value\":"
                + values.get(random.nextInt(5)) + "}]}";
    }
}
