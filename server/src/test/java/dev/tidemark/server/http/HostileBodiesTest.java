package dev.tidemark.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.server.http.RunningServer.Answer;
import dev.tidemark.server.testing.TestDatabase;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Well-formed HTTP whose content is wrong: each fault has its error, and a detail that says what is legal. */
@Timeout(120)
class HostileBodiesTest {
    @Order(1)
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    @Order(2)
    @RegisterExtension
    static final RunningServer server = new RunningServer(database);

    private static String untouched;
    private static String ofTwoRecords;

    /** A topic that nothing gets into. */
    private static String untouched() {
        untouched = untouched == null ? server.newTopic() : untouched;
        return untouched;
    }

    private static String ofTwoRecords() {
        if (ofTwoRecords == null) {
            ofTwoRecords = server.newTopic();
            server.post("/v1/topics/" + ofTwoRecords + "/records", "{\"records\":[{},{}]}");
        }
        return ofTwoRecords;
    }

    @AfterEach
    void theServerServesOn() {
        String metrics = new String(server.exchange(server.request("/metrics")).body(), StandardCharsets.UTF_8);
        assertThat(metrics)
                .contains("tidemark_http_body_bytes 0.0", "tidemark_http_answer_bytes 0.0")
                .doesNotContain("UNKNOWN_SERVER_ERROR");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"name\":\"a b\"} | INVALID_TOPIC_EXCEPTION",
                "{\"name\":\"\"} | INVALID_TOPIC_EXCEPTION",
                "{\"name\":\".\"} | INVALID_TOPIC_EXCEPTION",
                "{\"name\":\"..\"} | INVALID_TOPIC_EXCEPTION",
                "{\"name\":\"__offsets\"} | INVALID_TOPIC_EXCEPTION",
                "{\"name\":\"x'); drop schema tidemark cascade; --\"} | INVALID_TOPIC_EXCEPTION",
                "{\"name\":\"$1\"} | INVALID_TOPIC_EXCEPTION",
                "{\"name\":\"a\\u0000b\"} | INVALID_TOPIC_EXCEPTION",
                "{\"name\":\"\\ud800\"} | INVALID_TOPIC_EXCEPTION",
                "{\"name\":7} | INVALID_REQUEST",
                "{\"name\":null} | INVALID_REQUEST",
                "{} | INVALID_REQUEST",
                "[] | INVALID_REQUEST",
                "\"x\" | INVALID_REQUEST",
                "null | INVALID_REQUEST",
                "{\"name\":\"n1\",\"name\":\"n2\"} | INVALID_REQUEST",
                "{\"name\":\"n\"} {} | INVALID_REQUEST",
                "{\"name\":\"n\"}] | INVALID_REQUEST",
                "{\"name\":\"n\", | INVALID_REQUEST",
                "{\"name\":\"n\",\"partition_count\":0} | INVALID_PARTITIONS",
                "{\"name\":\"n\",\"partition_count\":-1} | INVALID_PARTITIONS",
                "{\"name\":\"n\",\"partition_count\":1000000000} | INVALID_PARTITIONS",
                "{\"name\":\"n\",\"partition_count\":10001} | INVALID_PARTITIONS",
                "{\"name\":\"n\",\"partition_count\":99999999999} | INVALID_REQUEST",
                "{\"name\":\"n\",\"partition_count\":1e2} | INVALID_REQUEST",
                "{\"name\":\"n\",\"partition_count\":1e999999999} | INVALID_REQUEST",
                "{\"name\":\"n\",\"partition_count\":\"3\"} | INVALID_REQUEST",
                "{\"name\":\"n\",\"partition_count\":[1]} | INVALID_REQUEST",
                "{\"name\":\"n\",\"partition_count\":3,\"partitions\":3} | INVALID_REQUEST",
                "{\"name\":\"n\",\"configs\":[]} | INVALID_REQUEST",
                "{\"name\":\"n\",\"configs\":{\"retention.ms\":{}}} | INVALID_REQUEST",
                "{\"name\":\"n\",\"configs\":{\"retention.ms\":\"soon\"}} | INVALID_CONFIG",
                "{\"name\":\"n\",\"configs\":{\"retention.ms\":-2}} | INVALID_CONFIG",
                "{\"name\":\"n\",\"configs\":{\"retention.ms\":1e400}} | INVALID_CONFIG",
                "{\"name\":\"n\",\"configs\":{\"max.message.bytes\":99999999999999999999}} | INVALID_CONFIG",
                "{\"name\":\"n\",\"configs\":{\"no.such.config\":1}} | INVALID_CONFIG",
                "{\"name\":\"n\",\"configs\":{\"value.type\":\"xml\"}} | INVALID_CONFIG",
                "{\"name\":\"n\",\"configs\":{\"cleanup.policy\":\"'; drop table x\"}} | INVALID_CONFIG",
                "{\"name\":\"n\",\"surprise\":1} | INVALID_REQUEST",
            })
    void aTopicThatCannotBeIsNotMade(String body, String error) {
        Answer refused = server.post("/v1/topics", body);

        assertThat(refused.error()).as(refused.detail()).isEqualTo(error);
        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.detail()).isNotBlank();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\\u0000b", "\\ud83d", "\\u65e5", "a b", "%s"})
    void aTopicThatCannotBeIsUnknownInABody(String name) {
        String topic = String.format(name, "x".repeat(100_000));
        String places = "[{\"topic\":\"" + topic + "\",\"partition\":0,\"offset\":0,\"committed_offset\":0}]";
        Answer fetched =
                server.post("/v1/fetch", "{\"partitions\":" + places.replace(",\"committed_offset\":0", "") + "}");
        Answer produced = server.post("/v1/records", "{\"records\":[{\"topic\":\"" + topic + "\",\"value\":1}]}");
        Answer committed =
                server.post("/v1/groups/g/offsets", "{\"offsets\":" + places.replace(",\"offset\":0", "") + "}");

        assertThat(fetched.json().toString())
                .contains("UNKNOWN_TOPIC_OR_PARTITION")
                .hasSizeLessThan(1000 + topic.length());
        for (Answer refused : List.of(produced, committed)) {
            assertThat(refused.status()).as(refused.detail()).isIn(400, 404);
            assertThat(refused.detail()).hasSizeLessThan(500);
        }
    }

    @Test
    void aTopicNeverGetsFewerPartitions() {
        String topic = server.newTopic("\"partition_count\":3");

        assertThat(server.patch("/v1/topics/" + topic, "{\"partition_count\":2}")
                        .error())
                .isEqualTo("INVALID_PARTITIONS");
        assertThat(server.patch("/v1/topics/" + topic, "{\"partition_count\":1000000000}")
                        .error())
                .isEqualTo("INVALID_PARTITIONS");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"value_base64\":\"%%%\"} | INVALID_RECORD",
                "{\"value_base64\":\"AAA\"} | 200",
                "{\"value_base64\":\"A\"} | INVALID_RECORD",
                "{\"value_base64\":7} | INVALID_REQUEST",
                "{\"value\":\"a\\u0000b\"} | 200",
                "{\"value\":\"\\ud800\"} | INVALID_RECORD",
                "{\"key\":\"k\",\"key\":\"k\"} | INVALID_RECORD",
                "{\"value\":1,\"value_base64\":\"AAAA\"} | INVALID_RECORD",
                "{\"timestamp\":\"tomorrow\"} | INVALID_TIMESTAMP",
                "{\"timestamp\":-1} | INVALID_TIMESTAMP",
                "{\"timestamp\":253402300799999} | INVALID_TIMESTAMP",
                "{\"timestamp\":99999999999999999999} | INVALID_TIMESTAMP",
                "{\"timestamp\":\"9999-12-31T23:59:59Z\"} | INVALID_TIMESTAMP",
                "{\"timestamp\":true} | INVALID_TIMESTAMP",
                "{\"partition\":1} | UNKNOWN_TOPIC_OR_PARTITION",
                "{\"partition\":-1} | INVALID_REQUEST",
                "{\"partition\":1.5} | INVALID_REQUEST",
                "{\"partition\":99999999999999999999} | INVALID_REQUEST",
                "{\"headers\":7} | INVALID_RECORD",
                "{\"headers\":{\"h\":7}} | INVALID_RECORD",
                "{\"headers\":[{\"value\":\"no name\"}]} | INVALID_RECORD",
                "{\"headers\":{\"a\\u0000\":\"v\"}} | INVALID_RECORD",
                "{\"surprise\":1} | INVALID_REQUEST",
                "7 | INVALID_REQUEST",
                "[] | INVALID_REQUEST"
            })
    void aRecordThatCannotBeIsNamed(String record, String outcome) {
        String topic = outcome.equals("200") ? server.newTopic() : untouched();

        Answer answer =
                server.post("/v1/topics/" + topic + "/records", "{\"records\":[{\"value\":\"fine\"}," + record + "]}");

        if (outcome.equals("200")) {
            assertThat(answer.status()).isEqualTo(200);
        } else {
            assertThat(answer.error()).as(answer.detail()).isEqualTo(outcome);
            assertThat(answer.status()).isBetween(400, 499);
            assertThat(answer.json().at("/record_errors/0/index").asInt(-1)).isEqualTo(1);
            assertThat(server.get("/v1/topics/" + topic + "/partitions/0/records?offset=0")
                            .json()
                            .path("records"))
                    .isEmpty();
        }
    }

    /** PostgreSQL's json holds {@code "\\u0000"} and fails whoever reads it: the fault is found before. */
    @Test
    void aNulInAJsonTopicIsARecordsFault() {
        String topic = server.newTopic("\"configs\":{\"value.type\":\"json\",\"key.type\":\"text\"}");

        for (String record : new String[] {
            "{\"value\":{\"a\":\"x\\u0000\"}}",
            "{\"value\":\"\\u0000\"}",
            "{\"key\":\"\\u0000\",\"value\":1}",
            "{\"value\":{\"\\u0000\":1}}"
        }) {
            Answer refused = server.post("/v1/topics/" + topic + "/records", "{\"records\":[" + record + "]}");

            assertThat(refused.error()).as(record).isEqualTo("INVALID_RECORD");
            assertThat(refused.json().at("/record_errors/0/index").asInt(-1)).isZero();
        }
    }

    @Test
    void aRecordOverTheLimitIsNamed() {
        String topic = server.newTopic("\"configs\":{\"max.message.bytes\":1000}");

        Answer refused = server.post(
                "/v1/topics/" + topic + "/records",
                "{\"records\":[{\"value\":\"fine\"},{\"value\":\"" + "x".repeat(1001) + "\"}]}");

        assertThat(refused.status()).isEqualTo(413);
        assertThat(refused.error()).isEqualTo("MESSAGE_TOO_LARGE");
        assertThat(refused.json().at("/record_errors/0/index").asInt()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({
        "offset=5, 416, OFFSET_OUT_OF_RANGE",
        "offset=9223372036854775807, 400, INVALID_REQUEST",
        "offset=99999999999999999999999, 400, INVALID_REQUEST",
        "offset=-1, 400, INVALID_REQUEST",
        "offset=1.5, 400, INVALID_REQUEST",
        "offset=0x10, 400, INVALID_REQUEST",
        "offset=first, 400, INVALID_REQUEST",
        "offset=, 400, INVALID_REQUEST",
        "max_records=1, 400, INVALID_REQUEST",
        "offset=0&offset=1, 400, INVALID_REQUEST",
        "offset=0&max_wait_ms=7200000, 400, INVALID_REQUEST",
        "offset=0&max_wait_ms=-1, 400, INVALID_REQUEST",
        "offset=0&max_records=0, 400, INVALID_REQUEST",
        "offset=0&max_bytes=99999999999, 400, INVALID_REQUEST",
        "offset=0&max_byte=5, 400, INVALID_REQUEST",
        "offset=0&decode=utf-16, 400, INVALID_REQUEST",
        "offset=%00, 400, INVALID_REQUEST",
        "offset=%zz, 400, INVALID_REQUEST"
    })
    void aFetchThatCannotBeIsRefused(String query, int status, String error) {
        String topic = ofTwoRecords();

        String answer = server.raw(
                "GET /v1/topics/" + topic + "/partitions/0/records?" + query
                        + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                new byte[0]);

        assertThat(answer).startsWith("HTTP/1.1 " + status + " ").contains("\"error\":\"" + error, "\"detail\":\"");
        if (status == 416) {
            assertThat(answer).contains("\"log_start_offset\":0", "\"log_end_offset\":2");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/v1/topics/nothing/partitions/0/records?offset=0",
                "/v1/topics/%s/partitions/1/records?offset=0",
                "/v1/topics/nothing/partitions/0/offsets?at=end"
            })
    void whatIsNotThereIsNotFound(String path) {
        Answer refused = server.get(String.format(path, untouched()));

        assertThat(refused.status()).isEqualTo(404);
        assertThat(refused.error()).isEqualTo("UNKNOWN_TOPIC_OR_PARTITION");
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "-1", "99999999999999999999", "0x0", "1.0", "%30%00"})
    void aPartitionThatIsNoNumberIsRefused(String partition) {
        String answer = server.raw(
                "GET /v1/topics/" + untouched() + "/partitions/" + partition
                        + "/records?offset=0 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                new byte[0]);

        assertThat(answer).startsWith("HTTP/1.1 400 ").contains("INVALID_REQUEST", "\"detail\":\"");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"partitions\":[]}",
                "{\"partitions\":{}}",
                "{\"partitions\":[7]}",
                "{\"partitions\":[{\"topic\":\"t\"}]}",
                "{\"partitions\":[{\"topic\":\"t\",\"partition\":0,\"offset\":-1}]}",
                "{\"partitions\":[{\"topic\":\"t\",\"partition\":0,\"offset\":1e3}]}",
                "{\"partitions\":[{\"topic\":\"t\",\"partition\":0,\"offset\":0}],\"max_wait_ms\":36000000}",
                ""
            })
    void aFetchOfSeveralThatCannotBeIsRefused(String body) {
        Answer refused = server.post("/v1/fetch", body);

        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.error()).isEqualTo("INVALID_REQUEST");
        assertThat(refused.detail()).isNotBlank();
    }

    @Test
    void aTreeOfTooManyNodesIsRefusedBeforeItIsBuilt() {
        Answer refused = server.post("/v1/fetch", "{\"partitions\":[" + "[],".repeat(300_000) + "[]]}");

        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.detail()).contains("160");
    }

    /** Half a million records of three bytes each would be twenty times as large once they are laid out. */
    @Test
    void recordsThatWouldOutgrowTheirRequestAreRefused() {
        Answer refused = server.post(
                "/v1/topics/" + server.newTopic() + "/records", "{\"records\":[" + "{},".repeat(500_000) + "{}]}");

        assertThat(refused.status()).isEqualTo(413);
        assertThat(refused.error()).isEqualTo("MESSAGE_TOO_LARGE");
    }

    @Test
    void aFrameOfTooManyBatchesIsRefused() {
        byte[] frame = new byte[4 + 10_001 * 26];
        frame[2] = 10_001 >> 8;
        frame[3] = (byte) 10_001;

        Answer refused = server.send(server.request("/v1/topics/" + server.newTopic() + "/records")
                .header("Content-Type", "application/vnd.tidemark.records.v1")
                .POST(BodyPublishers.ofByteArray(frame)));

        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.detail()).contains("10001 batches", "10000");
    }

    @Test
    void aBombInGzipIsNotUnpacked() throws IOException {
        ByteArrayOutputStream bomb = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bomb)) {
            gzip.write(new byte[100 << 20]);
        }

        Answer refused = server.send(server.request("/v1/topics/" + server.newTopic() + "/records")
                .header("Content-Type", "application/json")
                .header("Content-Encoding", "gzip")
                .POST(BodyPublishers.ofByteArray(bomb.toByteArray())));

        assertThat(refused.status()).isEqualTo(415);
        assertThat(refused.error()).isEqualTo("UNSUPPORTED_MEDIA_TYPE");
    }
}
