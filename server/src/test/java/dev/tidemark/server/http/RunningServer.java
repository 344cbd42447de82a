package dev.tidemark.server.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tidemark.protocol.api.ClusterDescription;
import dev.tidemark.server.access.Access;
import dev.tidemark.server.group.Groups;
import dev.tidemark.server.group.offset.GroupOffsets;
import dev.tidemark.server.log.RecordLog;
import dev.tidemark.server.log.append.Appender;
import dev.tidemark.server.testing.TestDatabase;
import dev.tidemark.server.tls.TlsKeys;
import dev.tidemark.server.topic.Topics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** HTTP over the real log and a real database, and the means to speak to it, well-behaved or not. Registered with a higher order than its database. */
final class RunningServer implements BeforeAllCallback, AfterAllCallback {
    static final int MAX_REQUEST_BYTES = 2 << 20;

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final AtomicInteger TOPICS = new AtomicInteger();

    private final TestDatabase database;
    private final HttpConfig config;
    private final Supplier<Access> access;
    private final Supplier<@Nullable TlsKeys> tls;
    private final AtomicReference<String> obstacle = new AtomicReference<>();
    private final AtomicReference<Supplier<ClusterDescription>> cluster =
            new AtomicReference<>(RunningServer::someCluster);
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private RecordLog log;
    private Groups groups;
    private GroupOffsets offsets;
    private HttpServer server;

    RunningServer(TestDatabase database) {
        this(database, HttpConfig.listeningOn("127.0.0.1", 0).withMaxRequestBytes(MAX_REQUEST_BYTES));
    }

    RunningServer(TestDatabase database, HttpConfig config) {
        this(database, config, Access::toEverybody);
    }

    RunningServer(TestDatabase database, HttpConfig config, Supplier<Access> access) {
        this(database, config, access, () -> null);
    }

    RunningServer(TestDatabase database, HttpConfig config, Supplier<Access> access, Supplier<@Nullable TlsKeys> tls) {
        this.database = database;
        this.tls = tls;
        this.config = config;
        this.access = access;
    }

    private static ClusterDescription someCluster() {
        return new ClusterDescription("some-cluster", "1.2.3", List.of());
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        PrometheusMeterRegistry metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        log = new RecordLog(
                database.database(),
                new RecordLog.Limits(new Appender.Limits(2, 64 << 20, 8 << 20, 2000), 16 << 20, 2, 8 << 20),
                Clock.systemUTC(),
                metrics);
        groups = new Groups(database.database(), log.leaderEpochs(), UUID.randomUUID(), metrics);
        groups.start();
        Topics topics = new Topics(database.database());
        offsets = new GroupOffsets(database.database(), topics, log, GroupOffsets.Retention.DEFAULT, metrics);
        server = new HttpServer(
                config,
                access.get(),
                tls.get(),
                new HttpServer.Doors(topics, log, groups, offsets),
                () -> cluster.get().get(),
                bound -> obstacle.get(),
                metrics,
                Clock.systemUTC());
        server.start();
    }

    @Override
    public void afterAll(ExtensionContext context) {
        log.stopWaiting();
        server.close();
        offsets.close();
        groups.close();
        log.close();
    }

    HttpServer server() {
        return server;
    }

    /** What stands in the way of being ready; null when nothing does. */
    void setObstacle(String what) {
        obstacle.set(what);
    }

    /** What {@code GET /v1/cluster} does from now on; null: what it did at first. */
    void setCluster(Supplier<ClusterDescription> what) {
        cluster.set(what == null ? RunningServer::someCluster : what);
    }

    /** An answer whose body is JSON, or nothing. */
    record Answer(int status, String contentType, JsonNode json, HttpResponse<byte[]> response) {
        String error() {
            return json.path("error").asText();
        }

        String detail() {
            return json.path("detail").asText();
        }

        String header(String name) {
            return response.headers().firstValue(name).orElse(null);
        }
    }

    /** A topic nobody else uses. @param fields more of the request, such as {@code "partition_count":3} */
    String newTopic(String... fields) {
        String name = "topic-" + TOPICS.incrementAndGet();
        String more = fields.length == 0 ? "" : "," + String.join(",", fields);
        Answer answer = post("/v1/topics", "{\"name\":\"" + name + "\"" + more + "}");
        if (answer.status() != 201) {
            throw new AssertionError(answer.json());
        }
        return name;
    }

    Answer get(String path, String... headers) {
        return send(request(path, headers).GET());
    }

    Answer post(String path, String json, String... headers) {
        return send(request(path, headers)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(json)));
    }

    Answer patch(String path, String json) {
        return send(request(path)
                .header("Content-Type", "application/json")
                .method("PATCH", BodyPublishers.ofString(json)));
    }

    Answer delete(String path) {
        return send(request(path).DELETE());
    }

    Answer send(HttpRequest.Builder request) {
        return answer(exchange(request));
    }

    HttpResponse<byte[]> exchange(HttpRequest.Builder request) {
        try {
            return client.send(request.build(), BodyHandlers.ofByteArray());
        } catch (IOException e) {
            throw new AssertionError("no answer", e);
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted", e);
        }
    }

    CompletableFuture<Answer> sendAsync(HttpRequest.Builder request) {
        return client.sendAsync(request.build(), BodyHandlers.ofByteArray()).thenApply(RunningServer::answer);
    }

    HttpRequest.Builder request(String path, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                .timeout(Duration.ofSeconds(60));
        return headers.length == 0 ? request : request.headers(headers);
    }

    private static Answer answer(HttpResponse<byte[]> response) {
        return new Answer(
                response.statusCode(),
                response.headers().firstValue("Content-Type").orElse(""),
                json(response.body()),
                response);
    }

    static JsonNode json(byte[] body) {
        try {
            return JSON.readTree(body);
        } catch (IOException e) {
            throw new AssertionError("no JSON: " + new String(body, StandardCharsets.UTF_8), e);
        }
    }

    /** Sends bytes as they are, then nothing more, and returns all that comes back. */
    String raw(String head, byte[] body) {
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(head.getBytes(StandardCharsets.ISO_8859_1));
            socket.getOutputStream().write(body);
            socket.shutdownOutput();
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new AssertionError("the connection broke", e);
        }
    }
}
