package dev.tidemark.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.protocol.api.ClusterDescription;
import dev.tidemark.server.access.Access;
import dev.tidemark.server.group.Groups;
import dev.tidemark.server.group.offset.GroupOffsets;
import dev.tidemark.server.http.RunningServer.Answer;
import dev.tidemark.server.log.RecordLog;
import dev.tidemark.server.log.append.Appender;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.postgres.DatabaseConfig;
import dev.tidemark.server.testing.TestDatabase;
import dev.tidemark.server.topic.Topics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.ConnectException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What the server does at its limits, without its database, and at its end. */
@Timeout(120)
class HttpBoundsTest {
    private static final int MAX_REQUEST_BYTES = 100_000;
    private static final int MAX_FETCH_POSITIONS = 7;

    @Order(1)
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    @Order(2)
    @RegisterExtension
    static final RunningServer server = new RunningServer(
            database,
            new HttpConfig(
                    "127.0.0.1",
                    0,
                    MAX_REQUEST_BYTES,
                    MAX_REQUEST_BYTES,
                    1 << 20,
                    MAX_FETCH_POSITIONS,
                    100,
                    16,
                    Duration.ofSeconds(30),
                    Pace.DEFAULT,
                    Duration.ofSeconds(2),
                    Duration.ofSeconds(5)));

    @Test
    void bodiesUnderWayAreBoundedAllTogether() throws IOException {
        String topic = server.newTopic();
        String path = "/v1/topics/" + topic + "/records";
        try (Socket slow = new Socket("127.0.0.1", server.server().port())) {
            slow.getOutputStream()
                    .write(("POST " + path
                                    + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99500\r\n\r\n{"
                                    + " ".repeat(70_000))
                            .getBytes(StandardCharsets.US_ASCII));
            await().atMost(20, TimeUnit.SECONDS).until(() -> metrics().contains("tidemark_http_body_bytes 99500.0"));

            Answer refused = server.post(path, "{\"records\":[{\"value\":\"" + "x".repeat(2000) + "\"}]}");

            assertThat(refused.status()).isEqualTo(429);
            assertThat(refused.error()).isEqualTo("THROTTLING_QUOTA_EXCEEDED");
            assertThat(refused.json().path("retriable").asBoolean()).isTrue();
            assertThat(refused.header("Retry-After")).isEqualTo("1");
        }

        await().atMost(20, TimeUnit.SECONDS).until(() -> metrics().contains("tidemark_http_body_bytes 0.0"));
        assertThat(server.post(path, "{\"records\":[{}]}").status()).isEqualTo(200);
    }

    @Test
    void partitionsOfFetchesThatWaitAreBoundedAllTogether() throws Exception {
        String topic = server.newTopic("\"partition_count\":4");
        CompletableFuture<Answer> waiting = server.sendAsync(fetch(topic, 30_000, 0, 1, 2));
        await().atMost(20, TimeUnit.SECONDS).until(() -> metrics().contains("tidemark_fetch_waiting 1.0"));
        assertThat(metrics()).contains("tidemark_http_fetch_positions 3.0");

        Answer refused = server.send(fetch(topic, 0, 3));

        assertThat(refused.status()).isEqualTo(429);
        assertThat(refused.error()).isEqualTo("THROTTLING_QUOTA_EXCEEDED");
        assertThat(refused.detail()).contains("principal \"ANONYMOUS\" name 3 partitions, of 3");
        assertThat(refused.header("Retry-After")).isEqualTo("1");
        assertThat(server.post("/v1/topics/" + topic + "/records", "{\"records\":[{\"partition\":2}]}")
                        .status())
                .isEqualTo(200);
        assertThat(waiting.get(20, TimeUnit.SECONDS).status()).isEqualTo(200);
        assertThat(metrics()).contains("tidemark_http_fetch_positions 0.0");
        assertThat(server.send(fetch(topic, 0, 3)).status()).isEqualTo(200);
    }

    private static HttpRequest.Builder fetch(String topic, int maxWaitMs, int... partitions) {
        String positions = IntStream.of(partitions)
                .mapToObj(p -> "{\"topic\":\"" + topic + "\",\"partition\":" + p + ",\"offset\":0}")
                .collect(Collectors.joining(","));
        return server.request("/v1/fetch")
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(
                        "{\"partitions\":[" + positions + "],\"max_wait_ms\":" + maxWaitMs + "}"));
    }

    @Test
    void withoutAConnectionToItsDatabaseTheServerSaysThatItIsTheServer() throws Exception {
        DatabaseConfig config = database.config();
        DatabaseConfig two = new DatabaseConfig(
                config.jdbcUrl(), config.user(), config.password(), 2, config.prepareThreshold(), config.schemas());
        try (Database own = Database.open(two, METRICS, Duration.ofSeconds(10));
                RecordLog log = log(database.database());
                GroupOffsets groups = groups(own, log);
                HttpServer server = server(own, log, groups)) {
            server.start();
            try (Connection one = own.connection();
                    Connection other = own.connection()) {
                HttpResponse<String> refused = get(server.port(), "/v1/topics").get(30, TimeUnit.SECONDS);

                assertThat(one).isNotSameAs(other);
                assertThat(refused.statusCode()).isEqualTo(503);
                assertThat(refused.body()).contains("BROKER_NOT_AVAILABLE", "\"retriable\":true");
            }
            assertThat(get(server.port(), "/v1/topics")
                            .get(30, TimeUnit.SECONDS)
                            .statusCode())
                    .isEqualTo(200);
        }
    }

    @Test
    void aStopLetsRequestsUnderWayFinishAndTakesNoMore() throws Exception {
        String topic = server.newTopic();
        try (Database own = database.open();
                RecordLog log = log(own);
                GroupOffsets groups = groups(own, log)) {
            HttpServer stopping = server(own, log, groups);
            stopping.start();
            int port = stopping.port();
            CompletableFuture<HttpResponse<String>> waiting =
                    get(port, "/v1/topics/" + topic + "/partitions/0/records?offset=0&max_wait_ms=30000");
            await().atMost(20, TimeUnit.SECONDS)
                    .until(() -> get(port, "/metrics").get().body().contains("tidemark_fetch_waiting 1.0"));

            log.stopWaiting();
            stopping.close();
            stopping.close();

            assertThat(waiting.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
            assertThat(get(port, "/health/live"))
                    .failsWithin(Duration.ofSeconds(10))
                    .withThrowableThat()
                    .withCauseInstanceOf(ConnectException.class);
        }
    }

    private static final PrometheusMeterRegistry METRICS = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

    private static RecordLog log(Database database) {
        return new RecordLog(
                database,
                new RecordLog.Limits(new Appender.Limits(1, 1 << 20, 1 << 20, 2000), 1 << 20, 1, 1 << 20),
                Clock.systemUTC(),
                METRICS);
    }

    private static GroupOffsets groups(Database database, RecordLog log) {
        return new GroupOffsets(database, new Topics(database), log, GroupOffsets.Retention.DEFAULT, METRICS);
    }

    private static HttpServer server(Database database, RecordLog log, GroupOffsets groups) {
        return new HttpServer(
                HttpConfig.listeningOn("127.0.0.1", 0),
                Access.toEverybody(),
                null,
                new HttpServer.Doors(
                        new Topics(database),
                        log,
                        new Groups(database, log.leaderEpochs(), new UUID(0, 1), METRICS),
                        groups),
                () -> new ClusterDescription("some-cluster", "1.2.3", List.of()),
                bound -> null,
                METRICS,
                Clock.systemUTC());
    }

    private static CompletableFuture<HttpResponse<String>> get(int port, String path) {
        return HttpClient.newHttpClient()
                .sendAsync(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                                .version(HttpClient.Version.HTTP_1_1)
                                .build(),
                        BodyHandlers.ofString());
    }

    private static String metrics() {
        return new String(server.exchange(server.request("/metrics")).body(), StandardCharsets.UTF_8);
    }
}
