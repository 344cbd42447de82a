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

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0)) {
            return free.getLocalPort();
        }
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
        answer(201, "{\"leader_epoch\":4,\"reason\":\"restored\"}");
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
            assertThat(admin.bumpLeaderEpoch("restored")).isEqualTo(4);
        }
        assertThat(requests)
                .containsExactly(
                        "POST /v1/topics {\"name\":\"t\",\"partition_count\":2,\"configs\":{\"retention.ms\":\"1\"}}",
                        "GET /v1/topics/t",
                        "GET /v1/topics",
                        "PATCH /v1/topics/t {\"partition_count\":2}",
                        "PATCH /v1/topics/t {\"configs\":{\"retention.ms\":null}}",
                        "DELETE /v1/topics/t",
                        "GET /v1/cluster",
                        "POST /v1/cluster/leader-epochs {\"reason\":\"restored\"}");
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
        try (TidemarkAdmin admin = admin()) {
            assertThat(admin.createTopic("t", 2, Map.of("retention.ms", "1")).name())
                    .isEqualTo("t");
        }
        assertThat(requests).hasSize(3);
    }

    @Test
    void aTopicFoundAfterALostAnswerIsAnothersWhenItIsNotAsAskedFor() {
        for (int i = 0; i < 2; i++) {
            cut();
            refuse(ErrorCode.TOPIC_ALREADY_EXISTS);
            answer(200, TOPIC);
        }
        try (TidemarkAdmin admin = admin()) {
            assertThatExceptionOfType(TopicExistsException.class).isThrownBy(() -> admin.createTopic("t", 3));
            assertThatExceptionOfType(TopicExistsException.class)
                    .isThrownBy(() -> admin.createTopic("t", 2, Map.of("retention.ms", "2")));
        }
        assertThat(requests).hasSize(6);
    }

    /** Deleted by another, or not to be described: what is known is that there was one. */
    @Test
    void aTopicFoundAfterALostAnswerAndGoneThenIsSaidToExist() {
        cut();
        refuse(ErrorCode.TOPIC_ALREADY_EXISTS);
        refuse(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        try (TidemarkAdmin admin = admin()) {
            assertThatExceptionOfType(TopicExistsException.class)
                    .isThrownBy(() -> admin.createTopic("t", 2))
                    .satisfies(thrown -> assertThat(thrown.getSuppressed()).hasSize(1));
        }
    }

    /** The server closes what has been idle, and a client may send just then: nobody has seen the request. */
    @Test
    void aConnectionClosedJustAsARequestIsSentIsNobodysFailure() {
        for (int i = 0; i < 5; i++) {
            // Leaves an open connection for the next request.
            answer(200, TOPIC);
            cut();
            answer(i == 3 ? 204 : 200, i == 3 ? "" : TOPIC);
        }
        try (TidemarkAdmin admin = admin()) {
            admin.describeTopic("t");
            assertThat(admin.createTopic("t", 2).partitionCount()).isEqualTo(2);
            admin.describeTopic("t");
            assertThat(admin.createPartitions("t", 2).partitionCount()).isEqualTo(2);
            admin.describeTopic("t");
            admin.alterConfigs("t", Map.of("retention.ms", "1"));
            admin.describeTopic("t");
            admin.deleteTopic("t");
            admin.describeTopic("t");
            admin.describeTopic("t");
        }
        assertThat(requests).hasSize(15);
    }

    @Test
    void retriesEndWithTheTimeout() {
        for (int i = 0; i < 1000; i++) {
            cut();
        }
        try (TidemarkAdmin admin = TidemarkAdmin.builder()
                .servers("127.0.0.1:" + http.getAddress().getPort())
                .timeout(Duration.ofMillis(500))
                .build()) {
            assertThatExceptionOfType(RetriableException.class)
                    .isThrownBy(() -> admin.createTopic("t", 1))
                    .withMessageContaining("broke");
        }
        assertThat(requests).hasSizeBetween(2, 10);
    }

    @Test
    void aTopicFoundWithoutALostAnswerIsAnothers() {
        refuse(ErrorCode.TOPIC_ALREADY_EXISTS);
        try (TidemarkAdmin admin = admin()) {
            assertThatExceptionOfType(TopicExistsException.class).isThrownBy(() -> admin.createTopic("t", 2));
        }
    }

    /** Nobody can have made it for us before the first request arrived. */
    @Test
    void aTopicFoundByTheFirstRequestThatArrivedIsAnothers() throws IOException {
        refuse(ErrorCode.THROTTLING_QUOTA_EXCEEDED);
        refuse(ErrorCode.TOPIC_ALREADY_EXISTS);
        answer(200, TOPIC);
        String nowhere = "127.0.0.1:" + freePort();
        try (TidemarkAdmin admin = TidemarkAdmin.builder()
                .servers(
                        nowhere,
                        nowhere,
                        nowhere,
                        "127.0.0.1:" + http.getAddress().getPort())
                .build()) {
            assertThatExceptionOfType(TopicExistsException.class).isThrownBy(() -> admin.createTopic("t", 2));
        }
        assertThat(requests).hasSize(2);
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
        int port = freePort();
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
