package dev.tidemark.integration.door;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.MediaTypes;
import dev.tidemark.protocol.api.RecordProblem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** Plain HTTP requests to a server, and its problem documents as {@link Refused}. Thread-safe. */
public final class HttpApi {
    static final ObjectMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .build();

    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    private final Supplier<URI> server;
    private volatile HttpClient client = newClient();

    /** @param server asked for each request: a restarted server may listen elsewhere */
    public HttpApi(Supplier<URI> server) {
        this.server = server;
    }

    private static HttpClient newClient() {
        return HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    }

    /** Begins anew: a connection to a server that has stopped may look alive until a request fails on it. */
    public void forgetConnections() {
        client = newClient();
    }

    public HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(server.get() + path)).timeout(TIMEOUT);
    }

    public JsonNode get(String path) {
        return json(send(request(path).GET()));
    }

    /** The body as text; for what is not JSON. */
    public String getText(String path) {
        return text(request(path).GET());
    }

    /** The answer's body as it came. */
    public String text(HttpRequest.Builder request) {
        return new String(send(request), java.nio.charset.StandardCharsets.UTF_8);
    }

    public JsonNode post(String path, Object body) {
        return json(send(withBody(path, "POST", body)));
    }

    <T> T get(String path, Class<T> answer) {
        return read(send(request(path).GET()), answer);
    }

    <T> T call(String method, String path, Object body, Class<T> answer) {
        return read(send(withBody(path, method, body)), answer);
    }

    public void delete(String path) {
        send(request(path).DELETE());
    }

    HttpRequest.Builder withBody(String path, String method, Object body) {
        return request(path)
                .header("Content-Type", MediaTypes.JSON)
                .method(method, BodyPublishers.ofByteArray(write(body)));
    }

    byte[] send(HttpRequest.Builder request) {
        return Answers.join(sendAsync(request));
    }

    /** The body of an answer of status 2xx; completes with {@link Refused} for any other. */
    CompletableFuture<byte[]> sendAsync(HttpRequest.Builder request) {
        return client.sendAsync(request.build(), BodyHandlers.ofByteArray()).thenApply(HttpApi::body);
    }

    private static byte[] body(HttpResponse<byte[]> answer) {
        if (answer.statusCode() / 100 == 2) {
            return answer.body();
        }
        JsonNode problem = json(answer.body());
        ErrorCode error = ErrorCode.byName(problem.path("error").asText())
                .orElseThrow(() -> new IllegalStateException("HTTP " + answer.statusCode() + " " + problem));
        if (error.httpStatus() != answer.statusCode()) {
            throw new IllegalStateException(error + " came with HTTP " + answer.statusCode());
        }
        List<RecordProblem> records = new ArrayList<>();
        for (JsonNode record : problem.path("record_errors")) {
            records.add(new RecordProblem(
                    record.path("index").asInt(),
                    record.path("error").asText(),
                    record.path("detail").asText()));
        }
        throw new Refused(error, problem.path("detail").asText(), records);
    }

    static byte[] write(Object body) {
        try {
            return JSON.writeValueAsBytes(body);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    static JsonNode json(byte[] body) {
        return read(body, JsonNode.class);
    }

    static <T> T read(byte[] body, Class<T> type) {
        try {
            return JSON.readValue(body, type);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
