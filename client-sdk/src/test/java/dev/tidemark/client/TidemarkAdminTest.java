package dev.tidemark.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import com.sun.net.httpserver.HttpServer;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.TopicDescription;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is sent and how answers are taken, against canned answers. */
@Timeout(60)
class TidemarkAdminTest {
    private static final String TOPIC =
            "{\"name\":\"t\",\"id\":\"x\",\"partition_count\":2,\"configs\":{\"retention.ms\":\"1\"},\"partitions\":[]}";

    private record Canned(int status, String body) {}

    private final Deque<Canned> answers = new ArrayDeque<>();
    private final List<String> requests = Collections.synchronizedList(new ArrayList<>());
    private final HttpServer http;

    TidemarkAdminTest() throws IOException {
        http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 10);
        http.createContext("/", exchange -> {
            try (exchange) {
                String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
                String token = exchange.getRequestHeaders().getFirst("Authorization");
                requests.add((exchange.getRequestMethod() + " " + exchange.getRequestURI() + " " + body
                                + (token == null ? "" : " " + token))
                        .strip());
                Canned canned = answers.pollFirst();
                if (canned == null || canned.status() == 0) {
                    return;
                }
                byte[] bytes = canned.body().getBytes(StandardCharsets.UTF_8);
                exchange.getResponseHeaders().add("Retry-After", "0");
                exchange.sendResponseHeaders(canned.status(), bytes.length == 0 ? -1 : bytes.length);
                exchange.getResponseBody().write(bytes);
            }
        });
        http.start();
    }

    @AfterEach
    void stop() {
        http.stop(0);
    }

    private TidemarkAdmin admin() {
        return TidemarkAdmin.builder()
                .servers("127.0.0.1:" + http.getAddress().getPort() + "/")
                .timeout(Duration.ofSeconds(20))
                .build();
    }

    private void answer(int status, String body) {
        answers.add(new Canned(status, body));
    }

    private void cut() {
        answers.add(new Canned(0, ""));
    }

    private void refuse(ErrorCode error) {
        answer(error.httpStatus(), "{\"error\":\"" + error + "\",\"detail\":\"because\"}");
    }

    @Test
    void eachMethodIsOneRequest() {
        answer(201, TOPIC);
        answer(200, TOPIC);
        answer(200, "{\"topics\":[{\"name\":\"t\",\"partition_count\":2}]}");
        answer(200, TOPIC);
        answer(200, TOPIC);
        answer(204, "");
        answer(200, "{\"cluster_id\":\"c\",\"version\":\"1\",\"servers\":[]}");
        try (TidemarkAdmin admin = admin()) {
            TopicDescription made = admin.createTopic("t", 2, Map.of("retention.ms", "1"));
            assertThat(made.partitionCount()).isEqualTo(2);
            assertThat(made.configs()).containsEntry("retention.ms", "1");
            admin.describeTopic("t");
            assertThat(admin.listTopics()).extracting("name").containsExactly("t");
            admin.createPartitions("t", 2);
            admin.alterConfigs("t", Collections.singletonMap("retention.ms", null));
            admin.deleteTopic("t");
            assertThat(admin.describeCluster().clusterId()).isEqualTo("c");
        }
        assertThat(requests)
                .containsExactly(
                        "POST /v1/topics {\"name\":\"t\",\"partition_count\":2,\"configs\":{\"retention.ms\":\"1\"}}",
                        "GET /v1/topics/t",
                        "GET /v1/topics",
                        "PATCH /v1/topics/t {\"partition_count\":2}",
                        "PATCH /v1/topics/t {\"configs\":{\"retention.ms\":null}}",
                        "DELETE /v1/topics/t",
                        "GET /v1/cluster");
    }

    @Test
    void theTokenGoesWithEveryRequest() {
        answer(200, TOPIC);
        try (TidemarkAdmin admin = TidemarkAdmin.builder()
                .servers("http://127.0.0.1:" + http.getAddress().getPort())
                .token("s3cret")
                .build()) {
            admin.describeTopic("t");
        }
        assertThat(requests).containsExactly("GET /v1/topics/t  Bearer s3cret");
    }

    @Test
    void aServerThatIsAwayIsAskedAgain() {
        cut();
        refuse(ErrorCode.BROKER_NOT_AVAILABLE);
        refuse(ErrorCode.THROTTLING_QUOTA_EXCEEDED);
        answer(200, TOPIC);
        try (TidemarkAdmin admin = admin()) {
            assertThat(admin.describeTopic("t").name()).isEqualTo("t");
        }
        assertThat(requests).hasSize(4);
    }

    @Test
    void aRefusalIsThrownAtOnceByItsName() {
        refuse(ErrorCode.INVALID_CONFIG);
        try (TidemarkAdmin admin = admin()) {
            assertThatExceptionOfType(TidemarkException.class)
                    .isThrownBy(() -> admin.createTopic("t", 1))
                    .withMessage("because")
                    .satisfies(thrown -> {
                        assertThat(thrown.errorCode()).isEqualTo(ErrorCode.INVALID_CONFIG);
                        assertThat(thrown.isRetriable()).isFalse();
                    });
        }
        assertThat(requests).hasSize(1);
    }

    @Test
    void aTopicFoundAfterALostAnswerIsTheOneThatWasMade() {
        cut();
        refuse(ErrorCode.TOPIC_ALREADY_EXISTS);
        answer(200, TOPIC);
        answer(200, TOPIC);
        try (TidemarkAdmin admin = admin()) {
            assertThat(admin.createTopic("t", 2).name()).isEqualTo("t");
        }
    }

    @Test
    void aTopicFoundWithoutALostAnswerIsAnothers() {
        refuse(ErrorCode.TOPIC_ALREADY_EXISTS);
        try (TidemarkAdmin admin = admin()) {
            assertThatExceptionOfType(TopicExistsException.class).isThrownBy(() -> admin.createTopic("t", 2));
        }
    }

    @Test
    void aTopicGoneAfterALostAnswerWasDeleted() {
        cut();
        refuse(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        refuse(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        try (TidemarkAdmin admin = admin()) {
            admin.deleteTopic("t");
            assertThatExceptionOfType(UnknownTopicOrPartitionException.class).isThrownBy(() -> admin.deleteTopic("t"));
        }
    }

    @Test
    void anAnswerThatIsNotOursIsSaidToBeSo() {
        answer(404, "<html>nothing here</html>");
        answer(200, "<html>welcome</html>");
        try (TidemarkAdmin admin = admin()) {
            assertThatExceptionOfType(TidemarkException.class)
                    .isThrownBy(() -> admin.describeTopic("t"))
                    .withMessageContaining("HTTP 404 from http://127.0.0.1")
                    .withMessageContaining("does not answer as a Tidemark server does");
            assertThatExceptionOfType(TidemarkException.class)
                    .isThrownBy(() -> admin.describeTopic("t"))
                    .withMessageContaining("is not the TopicDescription expected");
        }
    }

    @Test
    void aServerThatIsNotThereIsSaidToBeSoWhenTheTimeIsOver() throws IOException {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        try (TidemarkAdmin admin = TidemarkAdmin.builder()
                .servers("http://127.0.0.1:" + port)
                .timeout(Duration.ofMillis(300))
                .build()) {
            assertThatExceptionOfType(RetriableException.class)
                    .isThrownBy(admin::listTopics)
                    .withMessage("cannot connect to http://127.0.0.1:" + port);
        }
    }

    @Test
    void namesThatAreNoPathAreKeptFromTheServer() {
        answer(400, "{\"error\":\"INVALID_TOPIC_EXCEPTION\",\"detail\":\"no\"}");
        try (TidemarkAdmin admin = admin()) {
            assertThatExceptionOfType(TidemarkException.class).isThrownBy(() -> admin.describeTopic("a/b c?ü"));
            assertThatExceptionOfType(TidemarkException.class).isThrownBy(() -> admin.describeTopic(".."));
        }
        assertThat(requests).containsExactly("GET /v1/topics/a%2Fb%20c%3F%C3%BC");
    }

    @Test
    void closedIsClosed() {
        TidemarkAdmin admin = admin();
        admin.close();
        admin.close();
        assertThatIllegalStateException().isThrownBy(admin::listTopics);
    }
}
