package dev.tidemark.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.FetchFrame;
import dev.tidemark.protocol.MediaTypes;
import dev.tidemark.protocol.RecordLayout;
import dev.tidemark.server.http.RunningServer.Answer;
import dev.tidemark.server.testing.TestDatabase;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class HttpFetchTest {
    @Order(1)
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    @Order(2)
    @RegisterExtension
    static final RunningServer server = new RunningServer(database);

    @Test
    void aRecordComesBackWithAllItsFields() {
        String topic = server.newTopic("\"configs\":{\"key.type\":\"text\",\"value.type\":\"json\"}");
        produce(topic, "{\"key\":\"k\",\"value\":{\"x\":1.50},\"headers\":{\"h\":\"1\"},\"timestamp\":1700000000000}");

        Answer answer = fetch(topic, 0, "offset=0");

        assertThat(new String(answer.response().body(), StandardCharsets.UTF_8))
                .isEqualTo(
                        "{\"records\":[{\"partition\":0,\"offset\":0,\"timestamp\":\"2023-11-14T22:13:20.000Z\",\"key\":\"k\",\"value\":{\"x\":1.50},\"headers\":[{\"name\":\"h\",\"value\":\"1\"}]}],\"log_start_offset\":0,\"high_watermark\":1,\"last_stable_offset\":1,\"leader_epoch\":"
                                + answer.json().path("leader_epoch") + ",\"next_offset\":1}");
    }

    @Test
    void boundsAreKeptAndTheFirstRecordAlwaysFits() {
        String topic = server.newTopic();
        produce(topic, ("{\"value\":\"" + "x".repeat(1000) + "\"},").repeat(9) + "{\"value\":\"last\"}");

        assertThat(records(fetch(topic, 0, "offset=2&max_records=3"))).containsExactly(2L, 3L, 4L);
        assertThat(records(fetch(topic, 0, "offset=2&max_bytes=1"))).containsExactly(2L);
        assertThat(records(fetch(topic, 0, "offset=earliest"))).hasSize(10);
        assertThat(fetch(topic, 0, "offset=2&max_records=3")
                        .json()
                        .path("next_offset")
                        .asLong())
                .isEqualTo(5);
    }

    @ParameterizedTest
    @CsvSource({"earliest, 3", "beginning, 3", "latest, 0", "end, 0", "1, 2", "3, 0"})
    void offsetsAreNumbersOrNames(String offset, int expected) {
        String topic = server.newTopic();
        produce(topic, "{},{},{}");

        assertThat(records(fetch(topic, 0, "offset=" + offset))).hasSize(expected);
        assertThat(server.post(
                                "/v1/fetch",
                                "{\"partitions\":[{\"topic\":\"" + topic + "\",\"partition\":0,\"offset\":"
                                        + (Character.isDigit(offset.charAt(0)) ? offset : '"' + offset + '"') + "}]}")
                        .json()
                        .at("/partitions/0/records"))
                .hasSize(expected);
    }

    @Test
    void anOffsetOutsideTheLogIsAnsweredWithWhereTheLogIs() {
        String topic = server.newTopic();
        produce(topic, "{},{}");

        Answer refused = fetch(topic, 0, "offset=3");

        assertThat(refused.status()).isEqualTo(416);
        assertThat(refused.error()).isEqualTo("OFFSET_OUT_OF_RANGE");
        assertThat(refused.json().path("log_start_offset").asLong(-1)).isZero();
        assertThat(refused.json().path("log_end_offset").asLong()).isEqualTo(2);
    }

    @Test
    void aPartitionThatIsNamedTwiceIsRefusedByName() {
        String topic = server.newTopic("\"partition_count\":2");
        String first = "{\"topic\":\"" + topic + "\",\"partition\":0,\"offset\":0}";
        String other = "{\"topic\":\"" + topic + "\",\"partition\":1,\"offset\":0}";

        Answer refused = server.post("/v1/fetch", "{\"partitions\":[" + first + "," + other + "," + first + "]}");

        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.error()).isEqualTo("INVALID_REQUEST");
        assertThat(refused.detail())
                .isEqualTo("partitions[2] names partition 0 of topic \"" + topic + "\", as partitions[0] does");
        assertThat(server.post("/v1/fetch", "{\"partitions\":[" + first + "," + other + "]}")
                        .status())
                .isEqualTo(200);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'' | offset is missing",
                "offset= | offset is missing",
                "offset=-1 | offset must be a whole number from 0, earliest or latest, not \"-1\"",
                "offset=NaN | offset must be",
                "offset=1.0 | offset must be",
                "offset=1e3 | offset must be",
                "offset=99999999999999999999 | offset must be",
                "offset=0%3Bdrop%20table%20x | offset must be",
                "offset=0&offset=1 | the parameter offset is given twice",
                "offset=0&max_records=0 | max_records must be a whole number from 1 to 10000, not \"0\"",
                "offset=0&max_records=10001 | max_records must be",
                "offset=0&max_bytes=0 | max_bytes must be a whole number from 1 to 67108864, not \"0\"",
                "offset=0&max_bytes=9999999999 | max_bytes must be",
                "offset=0&max_wait_ms=30001 | max_wait_ms must be a whole number from 0 to 30000, not \"30001\"",
                "offset=0&max_wait_ms=-1 | max_wait_ms must be",
                "offset=0&max_wait_ms=soon | max_wait_ms must be",
                "offset=0&decode=base64 | decode must be text",
                "offset=0&max_wait=5 | unknown parameter \"max_wait\"; known here are offset, max_records,",
                "offset=0&max_records=%zz | not URL-encoded",
            })
    void parametersThatAreNotLegalAreNamed(String query, String detail) {
        String topic = server.newTopic();

        String answer = server.raw(
                "GET /v1/topics/" + topic + "/partitions/0/records?" + query
                        + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                new byte[0]);

        assertThat(answer).startsWith("HTTP/1.1 400 ").contains("\"error\":\"INVALID_REQUEST\"");
        assertThat(answer.replace("\\\"", "\"")).contains(detail);
    }

    @ParameterizedTest
    @CsvSource({
        "1, UNKNOWN_TOPIC_OR_PARTITION, 404",
        "-1, INVALID_REQUEST, 400",
        "NaN, INVALID_REQUEST, 400",
        "99999999999, INVALID_REQUEST, 400"
    })
    void aPartitionThatIsNotThereIsSaid(String partition, String error, int status) {
        Answer refused =
                server.get("/v1/topics/" + server.newTopic() + "/partitions/" + partition + "/records?offset=0");

        assertThat(refused.status()).isEqualTo(status);
        assertThat(refused.error()).isEqualTo(error);
    }

    @Test
    void aFetchAtTheEndWaitsUntilARecordComes() throws Exception {
        String topic = server.newTopic();
        CompletableFuture<Answer> waiting = server.sendAsync(
                server.request("/v1/topics/" + topic + "/partitions/0/records?offset=0&max_wait_ms=30000"));
        awaitWaitingFetches(1);

        produce(topic, "{\"value\":\"came\"}");

        assertThat(records(waiting.get(10, TimeUnit.SECONDS))).containsExactly(0L);
    }

    @Test
    void aFetchAtTheEndIsAnsweredWhenItsWaitIsOver() {
        Answer answer = fetch(server.newTopic(), 0, "offset=0&max_wait_ms=50");

        assertThat(answer.status()).isEqualTo(200);
        assertThat(records(answer)).isEmpty();
        assertThat(answer.json().path("next_offset").asLong(-1)).isZero();
    }

    @Test
    void manyMoreFetchesWaitThanThereAreThreads() throws Exception {
        String topic = server.newTopic();
        List<CompletableFuture<Answer>> waiting = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            waiting.add(server.sendAsync(
                    server.request("/v1/topics/" + topic + "/partitions/0/records?offset=0&max_wait_ms=30000")));
        }
        awaitWaitingFetches(400);

        produce(topic, "{}");

        for (CompletableFuture<Answer> answer : waiting) {
            assertThat(records(answer.get(20, TimeUnit.SECONDS))).hasSize(1);
        }
    }

    @Test
    void severalPartitionsAreReadAtOnceEachWithItsOwnOutcome() {
        String topic = server.newTopic("\"partition_count\":3");
        produce(topic, "{\"partition\":0},{\"partition\":2},{\"partition\":2}");

        JsonNode sections = server.post(
                        "/v1/fetch",
                        "{\"partitions\":[" + position(topic, 2, 1) + "," + position("nobody", 0, 0) + ","
                                + position(topic, 9, 0) + "," + position(topic, 0, 7) + "," + position(topic, 1, 0)
                                + "],\"max_wait_ms\":30000}")
                .json()
                .path("partitions");

        assertThat(sections.findValuesAsText("topic")).containsExactly(topic, "nobody", topic, topic, topic);
        assertThat(sections.get(0).path("records")).hasSize(1);
        assertThat(sections.get(0).path("records").get(0).path("offset").asLong())
                .isEqualTo(1);
        assertThat(sections.get(0).has("error")).isFalse();
        assertThat(sections.get(1).path("error").asText()).isEqualTo("UNKNOWN_TOPIC_OR_PARTITION");
        assertThat(sections.get(2).path("error").asText()).isEqualTo("UNKNOWN_TOPIC_OR_PARTITION");
        assertThat(sections.get(3).path("error").asText()).isEqualTo("OFFSET_OUT_OF_RANGE");
        assertThat(sections.get(3).path("high_watermark").asLong()).isEqualTo(1);
        assertThat(sections.get(4).path("records")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{} | no \"partitions\"",
                "{\"partitions\":[]} | from 1 to 10000",
                "{\"partitions\":{}} | must be an array",
                "{\"partitions\":[5]} | partitions[0] must be a JSON object",
                "{\"partitions\":[{\"partition\":0,\"offset\":0}]} | partitions[0] has no \"topic\"",
                "{\"partitions\":[{\"topic\":\"t\",\"partition\":-1,\"offset\":0}]} | \"partition\" in partitions[0] must be",
                "{\"partitions\":[{\"topic\":\"t\",\"partition\":0,\"offset\":-1}]} | \"offset\" in partitions[0] must be",
                "{\"partitions\":[{\"topic\":\"t\",\"partition\":0,\"offset\":1.5}]} | \"offset\" in partitions[0] must be",
                "{\"partitions\":[{\"topic\":\"t\",\"partition\":0,\"offset\":0,\"off\":1}]} | unknown field \"off\"",
                "{\"partitions\":[{\"topic\":\"t\",\"partition\":0,\"offset\":0}],\"max_wait_ms\":3600000} | \"max_wait_ms\" in the body must be a whole number from 0 to 30000",
                "{\"partitions\":[{\"topic\":\"t\",\"partition\":0,\"offset\":0}],\"max_bytes\":0} | \"max_bytes\" in the body must be",
            })
    void aBodyThatIsNoFetchIsNamed(String body, String detail) {
        Answer refused = server.post("/v1/fetch", body);

        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.error()).isEqualTo("INVALID_REQUEST");
        assertThat(refused.detail()).contains(detail);
    }

    @Test
    void anOffsetThatIsNoNameIsNamed() {
        Answer refused = server.post(
                "/v1/fetch",
                "{\"partitions\":[{\"topic\":\"" + server.newTopic() + "\",\"partition\":0,\"offset\":\"first\"}]}");

        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.detail()).contains("\"offset\" in partitions[0]").contains("\"first\"");
    }

    @Test
    void theBinaryFormHasTheSameRecords() {
        String topic = server.newTopic("\"partition_count\":2");
        produce(topic, "{\"partition\":0,\"value\":\"a\"},{\"partition\":0,\"value\":\"bc\"},{\"partition\":1}");

        HttpResponse<byte[]> answer = server.exchange(
                server.request("/v1/fetch", "Accept", MediaTypes.RECORDS_V1, "Content-Type", "application/json")
                        .POST(BodyPublishers.ofString("{\"partitions\":[" + position(topic, 0, 0) + ","
                                + position("nobody", 3, 0) + "," + position(topic, 1, 0) + "]}")));

        assertThat(answer.headers().firstValue("Content-Type")).hasValue(MediaTypes.RECORDS_V1);
        List<FetchFrame.Section> sections = FetchFrame.read(answer.body());
        assertThat(sections).hasSize(3);
        FetchFrame.Section first = sections.get(0);
        assertThat(first.header().recordCount()).isEqualTo(2);
        assertThat(first.header().nextOffset()).isEqualTo(2);
        assertThat(RecordLayout.offset(first.bytes(), first.at())).isZero();
        int second = RecordLayout.end(first.bytes(), first.at());
        assertThat(RecordLayout.offset(first.bytes(), second)).isEqualTo(1);
        assertThat(RecordLayout.end(first.bytes(), second))
                .isEqualTo(first.at() + first.header().length());
        assertThat(sections.get(1).header().errorCode()).isEqualTo((short) ErrorCode.UNKNOWN_TOPIC_OR_PARTITION.code());
        assertThat(sections.get(1).header().detail()).contains("nobody");
        assertThat(sections.get(2).header().recordCount()).isEqualTo(1);
    }

    @Test
    void onePartitionComesInTheBinaryFormTooAndItsProblemsInJson() {
        String topic = server.newTopic();
        produce(topic, "{\"value\":\"a\"}");
        String path = "/v1/topics/" + topic + "/partitions/0/records?offset=";

        HttpResponse<byte[]> answer =
                server.exchange(server.request(path + "0", "Accept", MediaTypes.RECORDS_V1 + ", */*"));
        Answer refused = server.get(path + "5", "Accept", MediaTypes.RECORDS_V1);

        assertThat(FetchFrame.read(answer.body()).get(0).header().recordCount()).isEqualTo(1);
        assertThat(refused.status()).isEqualTo(416);
        assertThat(refused.contentType()).isEqualTo("application/problem+json");
    }

    @Test
    void bytesComeAsTextWhereAskedFor() {
        String topic = server.newTopic();
        produce(topic, "{\"value\":\"é\"},{\"value_base64\":\"/w==\"}");

        JsonNode records = fetch(topic, 0, "offset=0&decode=text").json().path("records");

        assertThat(records.get(0).path("value").asText()).isEqualTo("é");
        assertThat(records.get(1).path("value_base64").asText()).isEqualTo("/w==");
        assertThat(fetch(topic, 0, "offset=0")
                        .json()
                        .at("/records/0/value_base64")
                        .asText())
                .isEqualTo("w6k=");
    }

    @Test
    void aLargeAnswerComesWhole() {
        String topic = server.newTopic("\"configs\":{\"value.type\":\"text\",\"max.message.bytes\":2000000}");
        String value = "é".repeat(400_000);
        produce(topic, "{\"value\":\"" + value + "\"}");
        produce(topic, "{\"value\":\"" + value + "\"}");

        JsonNode records = fetch(topic, 0, "offset=0&max_bytes=60000000").json().path("records");

        assertThat(records).hasSize(2);
        assertThat(records.get(1).path("value").asText()).isEqualTo(value);
    }

    @Test
    void offsetsAreFoundByPositionAndTime() {
        String topic = server.newTopic();
        produce(topic, "{\"timestamp\":1700000000000},{\"timestamp\":1700000001000},{\"timestamp\":1700000002000}");

        assertThat(offset(topic, "earliest").path("offset").asLong(-1)).isZero();
        assertThat(offset(topic, "beginning").path("offset").asLong(-1)).isZero();
        assertThat(offset(topic, "latest").path("offset").asLong()).isEqualTo(3);
        assertThat(offset(topic, "end").path("offset").asLong()).isEqualTo(3);
        assertThat(offset(topic, "1700000000001").path("offset").asLong()).isEqualTo(1);
        assertThat(offset(topic, "2023-11-14T22:13:21.001Z").path("offset").asLong())
                .isEqualTo(2);
        assertThat(offset(topic, "2023-11-14T22:13:21Z").path("timestamp").asText())
                .isEqualTo("2023-11-14T22:13:21.000Z");
        assertThat(offset(topic, "-5").path("offset").asLong(-1)).isZero();
    }

    @Test
    void pastTheEndOffsetAndTimestampAreNull() {
        String topic = server.newTopic();
        produce(topic, "{},{}");

        JsonNode past = offset(topic, "2999-01-01T00:00:00Z");

        assertThat(past.path("offset").isNull()).isTrue();
        assertThat(past.path("timestamp").isNull()).isTrue();
        assertThat(past.path("log_end_offset").asLong()).isEqualTo(2);
        assertThat(past.has("leader_epoch")).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "?at=",
                "",
                "?at=yesterday",
                "?at=1.5",
                "?at=99999999999999999",
                "?at=2023-02-30T00:00:00Z",
                "?time=5"
            })
    void aTimeThatIsNoneIsNamed(String query) {
        Answer refused = server.get("/v1/topics/" + server.newTopic() + "/partitions/0/offsets" + query);

        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.error()).isEqualTo("INVALID_REQUEST");
        assertThat(refused.detail()).contains("at");
    }

    private static void awaitWaitingFetches(int count) {
        org.awaitility.Awaitility.await()
                .atMost(20, TimeUnit.SECONDS)
                .until(() -> new String(
                                server.exchange(server.request("/metrics")).body(), StandardCharsets.UTF_8)
                        .contains("tidemark_fetch_waiting " + count + ".0"));
    }

    private static String position(String topic, int partition, long offset) {
        return "{\"topic\":\"" + topic + "\",\"partition\":" + partition + ",\"offset\":" + offset + "}";
    }

    private static JsonNode offset(String topic, String at) {
        Answer answer = server.get("/v1/topics/" + topic + "/partitions/0/offsets?at=" + at);
        assertThat(answer.status()).as(answer.detail()).isEqualTo(200);
        return answer.json();
    }

    private static Answer fetch(String topic, int partition, String query) {
        return server.get("/v1/topics/" + topic + "/partitions/" + partition + "/records?" + query);
    }

    private static List<Long> records(Answer answer) {
        assertThat(answer.status()).as(answer.detail()).isEqualTo(200);
        List<Long> offsets = new ArrayList<>();
        answer.json().path("records").forEach(r -> offsets.add(r.path("offset").asLong()));
        return offsets;
    }

    private static void produce(String topic, String records) {
        Answer answer = server.post("/v1/topics/" + topic + "/records", "{\"records\":[" + records + "]}");
        assertThat(answer.status()).as(answer.detail()).isEqualTo(200);
    }
}
