package dev.tidemark.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tidemark.server.http.RunningServer.Answer;
import dev.tidemark.server.testing.TestDatabase;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HttpTopicsTest {
    @Order(1)
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    @Order(2)
    @RegisterExtension
    static final RunningServer server = new RunningServer(database);

    @Test
    void aTopicIsCreatedDescribedAlteredListedAndDeleted() {
        Answer created = server.post(
                "/v1/topics",
                "{\"name\":\"orders\",\"partition_count\":2,\"configs\":{\"value.type\":\"json\",\"retention.ms\":86400000}}");

        assertThat(created.status()).isEqualTo(201);
        assertThat(created.header("Location")).isEqualTo("/v1/topics/orders");
        assertThat(server.get("/v1/topics/orders").json()).isEqualTo(created.json());
        JsonNode topic = created.json();
        assertThat(topic.path("id").asText()).matches("[0-9a-f-]{36}");
        assertThat(topic.path("partition_count").asInt()).isEqualTo(2);
        assertThat(topic.at("/configs/retention.ms").asText()).isEqualTo("86400000");
        assertThat(topic.path("partitions")).hasSize(2);
        assertThat(topic.path("partitions").get(1).fieldNames())
                .toIterable()
                .containsExactly("partition", "log_start_offset", "log_end_offset", "segments", "bytes");

        Answer altered = server.patch(
                "/v1/topics/orders",
                "{\"partition_count\":3,\"configs\":{\"retention.ms\":null,\"segment.ms\":\"60000\"}}");

        assertThat(altered.status()).isEqualTo(200);
        assertThat(altered.json().path("partitions")).hasSize(3);
        assertThat(altered.json().at("/configs/retention.ms").asText()).isEqualTo("604800000");
        assertThat(altered.json().at("/configs/segment.ms").asText()).isEqualTo("60000");
        assertThat(server.get("/v1/topics").json().path("topics").toString())
                .contains("{\"name\":\"orders\",\"partition_count\":3}");

        Answer deleted = server.delete("/v1/topics/orders");

        assertThat(deleted.status()).isEqualTo(204);
        assertThat(deleted.response().body()).isEmpty();
        assertThat(server.get("/v1/topics/orders").error()).isEqualTo("UNKNOWN_TOPIC_OR_PARTITION");
        assertThat(server.delete("/v1/topics/orders").status()).isEqualTo(404);
    }

    @Test
    void partitionsIsAnotherNameForTheirNumberAndOneIsTheDefault() {
        String two = server.newTopic("\"partitions\":2");
        String one = server.newTopic();

        assertThat(server.get("/v1/topics/" + two)
                        .json()
                        .path("partition_count")
                        .asInt())
                .isEqualTo(2);
        assertThat(server.get("/v1/topics/" + one)
                        .json()
                        .path("partition_count")
                        .asInt())
                .isEqualTo(1);
    }

    @Test
    void aTopicThatExistsIsNotCreatedAgain() {
        Answer again = server.post("/v1/topics", "{\"name\":\"" + server.newTopic() + "\"}");

        assertThat(again.status()).isEqualTo(409);
        assertThat(again.error()).isEqualTo("TOPIC_ALREADY_EXISTS");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{} | INVALID_REQUEST | no \"name\"",
                "{\"name\":5} | INVALID_REQUEST | \"name\" in the body must be a string",
                "{\"name\":\"a b\"} | INVALID_TOPIC_EXCEPTION | a b",
                "{\"name\":\"\"} | INVALID_TOPIC_EXCEPTION | empty",
                "{\"name\":\"..\"} | INVALID_TOPIC_EXCEPTION | reserved",
                "{\"name\":\"__groups\"} | INVALID_TOPIC_EXCEPTION | reserved",
                "{\"name\":\"x'; drop table tidemark_internal.topic; --\"} | INVALID_TOPIC_EXCEPTION | characters",
                "{\"name\":\"bad\",\"partition_count\":0} | INVALID_PARTITIONS | 1 to 10000",
                "{\"name\":\"bad\",\"partition_count\":10001} | INVALID_PARTITIONS | 1 to 10000",
                "{\"name\":\"bad\",\"partition_count\":\"2\"} | INVALID_REQUEST | \"partition_count\" in the body must be a whole number",
                "{\"name\":\"bad\",\"partition_count\":1e1} | INVALID_REQUEST | \"partition_count\" in the body must be a whole number",
                "{\"name\":\"bad\",\"partition_count\":1,\"partitions\":1} | INVALID_REQUEST | both",
                "{\"name\":\"bad\",\"configs\":{\"retention.msec\":1}} | INVALID_CONFIG | retention.msec",
                "{\"name\":\"bad\",\"configs\":{\"retention.ms\":\"soon\"}} | INVALID_CONFIG | retention.ms",
                "{\"name\":\"bad\",\"configs\":{\"value.type\":\"avro\"}} | INVALID_CONFIG | value.type",
                "{\"name\":\"bad\",\"configs\":{\"retention.ms\":[]}} | INVALID_REQUEST | configs.retention.ms",
                "{\"name\":\"bad\",\"config\":{}} | INVALID_REQUEST | unknown field \"config\"",
            })
    void whatCannotBeATopicIsSaid(String body, String error, String detail) {
        Answer refused = server.post("/v1/topics", body);

        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.contentType()).isEqualTo("application/problem+json");
        assertThat(refused.error()).isEqualTo(error);
        assertThat(refused.detail()).contains(detail);
    }

    @Test
    void partitionsOnlyGrow() {
        String topic = server.newTopic("\"partition_count\":2");

        Answer fewer = server.patch("/v1/topics/" + topic, "{\"partition_count\":1}");

        assertThat(fewer.status()).isEqualTo(400);
        assertThat(fewer.error()).isEqualTo("INVALID_PARTITIONS");
    }
}
