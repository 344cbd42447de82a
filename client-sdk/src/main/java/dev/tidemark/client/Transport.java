package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Sends requests to one of the servers and moves on to the next when it does not serve. One try each; retrying is the caller's. Thread-safe.
 *
 * <p>Sending blocks: the JDK's asynchronous {@code sendAsync} hands every answer to the common pool, which on a machine of two cores is a new thread for each.
 */
final class Transport {
    private static final Duration MAX_CONNECT_TIME = Duration.ofSeconds(10);

    private final ConnectionConfig config;
    private final ServerList servers;
    private final HttpClient client;

    Transport(ConnectionConfig config) {
        this.config = config;
        // Many clients with the same list should not all begin with its first server.
        int first = ThreadLocalRandom.current().nextInt(config.servers().size());
        this.servers = new ServerList(config.servers(), first);
        this.client = client(config);
    }

    private static HttpClient client(ConnectionConfig config) {
        HttpClient.Builder builder = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(min(config.requestTimeout(), MAX_CONNECT_TIME));
        if (config.servers().stream().noneMatch(server -> "https".equalsIgnoreCase(server.getScheme()))) {
            // Answers are only copied together, which the client's own thread can do; a hop to a pool costs more. TLS
            // has real work to do.
            builder.executor(Runnable::run);
            builder.sslContext(new NoTls());
            return builder.build();
        }
        SSLContext tls = config.security().tls();
        if (tls != null) {
            builder.sslContext(tls);
        }
        return builder.build();
    }

    ConnectionConfig config() {
        return config;
    }

    /**
     * Sends a request once and waits for the answer, whatever its status.
     *
     * @throws TidemarkException when there is no whole answer within the timeout: the outcome of a write is unknown
     * @throws InterruptedException the connection is dropped
     */
    Answer send(Request request, Duration timeout) throws InterruptedException {
        URI server = servers.current();
        try {
            HttpResponse<byte[]> response = client.send(build(server, request, timeout), WholeBody.handler(timeout));
            Answer answer = new Answer(server, response.statusCode(), response.body(), retryAfter(response));
            if (isUnavailable(answer)) {
                servers.failed(server);
            }
            return answer;
        } catch (IOException e) {
            servers.failed(server);
            throw Failures.of(server, e, timeout);
        }
    }

    private static boolean isUnavailable(Answer answer) {
        return answer.status() == ErrorCode.BROKER_NOT_AVAILABLE.httpStatus()
                && Failures.of(answer).errorCode() == ErrorCode.BROKER_NOT_AVAILABLE;
    }

    private static Duration retryAfter(HttpResponse<?> response) {
        if (response.statusCode() != 429 && response.statusCode() != 503) {
            return Duration.ZERO;
        }
        try {
            long seconds = response.headers().firstValueAsLong("retry-after").orElse(0);
            return Duration.ofSeconds(Math.max(0, seconds));
        } catch (NumberFormatException aDate) {
            return Duration.ZERO;
        }
    }

    private HttpRequest build(URI server, Request request, Duration timeout) {
        HttpRequest.Builder builder = HttpRequest.newBuilder(URI.create(server + request.path()))
                .method(request.method(), request.body())
                .header("Accept", request.accept())
                .timeout(timeout);
        if (!request.contentType().isEmpty()) {
            builder.header("Content-Type", request.contentType());
        }
        @Nullable String token = config.security().currentToken();
        if (token != null) {
            builder.header("Authorization", "Bearer " + token);
        }
        return builder.build();
    }

    private static Duration min(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }
}
