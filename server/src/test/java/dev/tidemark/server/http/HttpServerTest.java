package dev.tidemark.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tidemark.server.http.RunningServer.Answer;
import dev.tidemark.server.testing.TestDatabase;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HttpServerTest {
    @Order(1)
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    @Order(2)
    @RegisterExtension
    static final RunningServer server = new RunningServer(database);

    @AfterEach
    void clearTheWay() {
        server.setObstacle(null);
        server.setCluster(null);
    }

    @Test
    void theServerIsLiveAndReady() {
        assertThat(server.get("/health/live").json().path("status").asText()).isEqualTo("live");
        assertThat(server.get("/health/ready").json().path("status").asText()).isEqualTo("ready");
    }

    @Test
    void theServerIsNotReadyWhileSomethingIsInTheWayButLive() {
        server.setObstacle("the database does not answer");

        Answer ready = server.get("/health/ready");

        assertThat(ready.status()).isEqualTo(503);
        assertThat(ready.error()).isEqualTo("BROKER_NOT_AVAILABLE");
        assertThat(ready.detail()).isEqualTo("the database does not answer");
        assertThat(server.get("/health/live").status()).isEqualTo(200);
    }

    @Test
    void theHeadOfReadinessSaysWhatItsBodyWould() {
        assertThat(head("/health/ready").statusCode()).isEqualTo(200);

        server.setObstacle("the database does not answer");

        assertThat(head("/health/ready").statusCode()).isEqualTo(503);
        assertThat(head("/health/live").statusCode()).isEqualTo(200);
    }

    @Test
    void whatHasNoBodyToLeaveOutHasNoHead() {
        HttpResponse<byte[]> refused = head("/v1/producers");

        assertThat(refused.statusCode()).isEqualTo(405);
        assertThat(refused.headers().firstValue("Allow")).contains("POST");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"/v1/topics/no-such-topic", "/v1/topics", "/openapi.json", "/v1/topics?no=such", "/no/path"})
    void aHeadIsThatOfTheAnswerWithoutItsBody(String path) {
        HttpResponse<byte[]> whole = server.exchange(server.request(path).GET());
        HttpResponse<byte[]> head = head(path);

        assertThat(head.statusCode()).isEqualTo(whole.statusCode());
        assertThat(head.body()).isEmpty();
        for (String name : List.of("Content-Type", "Content-Length")) {
            assertThat(head.headers().firstValue(name))
                    .as(name)
                    .isPresent()
                    .isEqualTo(whole.headers().firstValue(name));
        }
    }

    @Test
    void aConnectionGoesOnAfterAHead() {
        try (RawClient client = new RawClient(server)) {
            client.send("HEAD /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
                    + "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

            assertThat(client.readToEnd()).matches("(?s)HTTP/1.1 200 .*\r\n\r\nHTTP/1.1 200 .*\\{\"status\":\"live\"}");
        }
    }

    private static HttpResponse<byte[]> head(String path) {
        return server.exchange(server.request(path).method("HEAD", BodyPublishers.noBody()));
    }

    @Test
    void theClusterIsDescribed() {
        JsonNode cluster = server.get("/v1/cluster").json();

        assertThat(cluster.path("cluster_id").asText()).isEqualTo("some-cluster");
        assertThat(cluster.path("version").asText()).isEqualTo("1.2.3");
        assertThat(cluster.path("servers").isArray()).isTrue();
    }

    @Test
    void metricsShowRoutesAndProblemsByName() {
        server.get("/v1/topics/no-such-topic");
        server.get("/no/such/path");

        String metrics =
                new String(server.exchange(server.request("/metrics").GET()).body(), StandardCharsets.UTF_8);

        assertThat(metrics)
                .contains("tidemark_http_requests_seconds_count{route=\"GET /v1/topics/{topic}\",status=\"404\"}")
                .contains("tidemark_http_requests_seconds_count{route=\"none\",status=\"404\"}")
                .contains("tidemark_http_problems_total{error=\"UNKNOWN_TOPIC_OR_PARTITION\"}")
                .doesNotContain("no-such-topic");
    }

    @Test
    void aRequestKeepsTheNameItsCallerGivesIt() {
        Answer answer = server.get("/no/such/path", "X-Request-Id", "order-17/retry.2");

        assertThat(answer.header("X-Request-Id")).isEqualTo("order-17/retry.2");
        assertThat(answer.json().path("request_id").asText()).isEqualTo("order-17/retry.2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "two words", "<script>", "\"quoted\""})
    void aNameNotFitToPrintIsReplaced(String name) {
        Answer answer = server.get("/health/live", "X-Request-Id", name);

        assertThat(answer.header("X-Request-Id")).matches("[0-9a-f]{16}");
    }

    @Test
    void requestsWithoutANameGetDifferentOnes() {
        assertThat(server.get("/health/live").header("X-Request-Id"))
                .isNotEqualTo(server.get("/health/live").header("X-Request-Id"));
    }

    @Test
    void whatNobodyExpectedIsSaidWithoutWhatIsInside() {
        server.setCluster(() -> {
            throw new IllegalStateException("select secret from vault");
        });

        Answer failed = server.get("/v1/cluster", "X-Request-Id", "some-request");

        assertThat(failed.status()).isEqualTo(500);
        assertThat(failed.error()).isEqualTo("UNKNOWN_SERVER_ERROR");
        assertThat(failed.detail()).contains("some-request");
        assertThat(failed.json().toString()).doesNotContain("secret", "IllegalState");
    }

    @Test
    void anErrorOfJavasIsAProblemToo() {
        server.setCluster(() -> {
            throw new StackOverflowError("secret");
        });

        Answer failed = server.get("/v1/cluster");

        assertThat(failed.status()).isEqualTo(500);
        assertThat(failed.error()).isEqualTo("UNKNOWN_SERVER_ERROR");
        assertThat(failed.json().toString()).doesNotContain("secret", "StackOverflow");
        assertThat(failed.header("X-Request-Id"))
                .isEqualTo(failed.json().path("request_id").asText());
    }
}
