package dev.tidemark.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TopicsCommandTest {
    @RegisterExtension
    static final RunningServer server = new RunningServer();

    @Test
    void createdTopicIsListedAndDescribed() {
        Ran created = server.run("topics", "create", "orders", "--partitions", "2", "--config", "value.type=json")
                .quietly();
        assertThat(created.text()).isEqualTo("Created topic orders with 2 partitions.\n");

        assertThat(server.run("topics", "list").quietly().text())
                .containsPattern("^ +name +\\| partition_count\n-+\\+-+\n")
                .containsPattern("(?m)^ orders +\\| +2$")
                .containsPattern("\\(\\d+ topics?\\)\n$");
        assertThat(server.run("topics", "describe", "orders").quietly().text())
                .startsWith("Topic orders, 2 partitions, id ")
                .containsPattern("(?m)^ +1 \\| +0 \\| +0 \\| +\\d+ \\| +\\d+$")
                .containsPattern("(?m)^ value.type +\\| json$")
                .containsPattern("(?m)^ retention.ms +\\| 604800000$");
    }

    @Test
    void answersAsJsonAreTheServersOwn() {
        String topic = server.newTopic("--partitions", "3");

        JsonNode topics = json(server.run("topics", "list", "--format", "json"));
        assertThat(topics.get("topics")).anySatisfy(listed -> {
            assertThat(listed.get("name").textValue()).isEqualTo(topic);
            assertThat(listed.get("partition_count").intValue()).isEqualTo(3);
        });
        JsonNode described = describe(topic);
        assertThat(described.get("name").textValue()).isEqualTo(topic);
        assertThat(described.get("partitions")).hasSize(3);
        assertThat(described.get("configs").get("key.type").textValue()).isEqualTo("bytes");
    }

    @Test
    void alterAddsPartitionsAndSetsConfigs() {
        String topic = server.newTopic("--config", "segment.ms=3600000");

        Ran altered = server.run(
                        "topics",
                        "alter",
                        topic,
                        "--partitions",
                        "4",
                        "--config",
                        "retention.ms=-1",
                        "--delete-config",
                        "segment.ms")
                .quietly();

        assertThat(altered.text())
                .isEqualTo("Changed 2 configs of topic " + topic + ".\nTopic " + topic + " has 4 partitions now.\n");
        assertThat(describe(topic).get("partition_count").intValue()).isEqualTo(4);
        assertThat(describe(topic).get("configs").get("retention.ms").textValue())
                .isEqualTo("-1");
        assertThat(describe(topic).get("configs").get("segment.ms").textValue()).isEqualTo("604800000");
    }

    @Test
    void configsWithoutMeaningHereAreShownAsSuch() {
        String topic = server.newTopic("--config", "compression.type=zstd");
        assertThat(server.run("topics", "describe", topic).quietly().text())
                .containsPattern("(?m)^ compression.type +\\| zstd \\(has no effect\\)$");
    }

    @Test
    void recordsMoveTheLogEndInTheDescription() {
        String topic = server.newTopic();
        server.runOn("a\nb\n", "produce", topic);
        assertThat(describe(topic).at("/partitions/0/log_end_offset").longValue())
                .isEqualTo(2);
    }

    @Test
    void deletedTopicIsGone() {
        String topic = server.newTopic();
        assertThat(server.run("topics", "delete", topic).quietly().text()).isEqualTo("Deleted topic " + topic + ".\n");
        server.run("topics", "describe", topic).refusedWith(topic, "(UNKNOWN_TOPIC_OR_PARTITION)");
        assertThat(server.run("topics", "list").quietly().text()).doesNotContain(topic + " ");
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', textBlock = """
            create $                                  ; TOPIC_ALREADY_EXISTS
            create a/b                                ; INVALID_TOPIC_EXCEPTION
            create __mine                             ; INVALID_TOPIC_EXCEPTION
            create none --partitions 0                ; INVALID_PARTITIONS
            create none --partitions 10001            ; INVALID_PARTITIONS
            create none --config retention.days=1     ; INVALID_CONFIG
            create none --config retention.ms=soon    ; INVALID_CONFIG
            alter $ --partitions 1                    ; INVALID_PARTITIONS
            alter $ --config value.type=xml           ; INVALID_CONFIG
            alter none --partitions 2                 ; UNKNOWN_TOPIC_OR_PARTITION
            describe none                             ; UNKNOWN_TOPIC_OR_PARTITION
            delete none                               ; UNKNOWN_TOPIC_OR_PARTITION
            """)
    void refusalIsOneLineWithTheErrorsNameAndExitCode1(String arguments, String error) {
        String topic = server.newTopic("--partitions", "2");
        server.run(("topics " + arguments.replace("$", topic)).split(" ")).refusedWith("(" + error + ")");
    }

    @Test
    void typesAreFixedOnceThereAreRecords() {
        String topic = server.newTopic();
        server.runOn("a\n", "produce", topic);
        server.run("topics", "alter", topic, "--config", "value.type=json").refusedWith("value.type", "INVALID_CONFIG");
    }

    @Test
    void somethingElseThatAnswersIsOneLine() throws IOException {
        HttpServer other = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        other.createContext("/", exchange -> {
            byte[] page = "<html><body>It works!</body></html>".getBytes(UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "text/html");
            exchange.sendResponseHeaders(200, page.length);
            exchange.getResponseBody().write(page);
            exchange.close();
        });
        other.start();
        try {
            String address = "http://127.0.0.1:" + other.getAddress().getPort();
            RunningServer.runAt(address, "topics", "list").refusedWith(address);
        } finally {
            other.stop(0);
        }
    }

    private static JsonNode describe(String topic) {
        return json(server.run("topics", "describe", topic, "--format", "json"));
    }

    private static JsonNode json(Ran ran) {
        assertThat(ran.quietly().lines()).hasSize(1);
        try {
            return new ObjectMapper().readTree(ran.text());
        } catch (JsonProcessingException e) {
            throw new AssertionError("no JSON: " + ran.text(), e);
        }
    }
}
