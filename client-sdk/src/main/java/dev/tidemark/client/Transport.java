package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Random;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Sends requests to one of the servers, and to another when it does not serve: see {@link ServerList}. One try each; retrying is the caller's. Thread-safe.
 *
 * <p>Sending blocks: the JDK's asynchronous {@code sendAsync} hands every answer to the common pool, which on a machine of two cores is a new thread for each.
 */
final class Transport {
    private static final Duration MAX_CONNECT_TIME = Duration.ofSeconds(10);

    /** Where another server may take over. */
    private static final Duration MAX_CONNECT_TIME_OF_SEVERAL = Duration.ofSeconds(3);

    private final ConnectionConfig config;
    private final ServerList servers;
    private final HttpClient client;
    private final HealthProbe probe;

    /** Null where there is no other server to go to. */
    private final @Nullable SilenceWatch silence;

    Transport(ConnectionConfig config) {
        this.config = config;
        this.servers = new ServerList(config.servers(), new Random(), System::nanoTime);
        this.client = client(config);
        this.probe = new HealthProbe(client);
        this.silence = isOne(config) ? null : new SilenceWatch(probe);
    }

    private static boolean isOne(ConnectionConfig config) {
        return config.servers().size() == 1;
    }

    private static HttpClient client(ConnectionConfig config) {
        Duration maxConnectTime = isOne(config) ? MAX_CONNECT_TIME : MAX_CONNECT_TIME_OF_SEVERAL;
        HttpClient.Builder builder = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(min(config.requestTimeout(), maxConnectTime));
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
     * @throws TidemarkException when there is no whole answer within the timeout, or the server falls silent and there are others: the outcome of a write is unknown
     * @throws InterruptedException the connection is dropped
     */
    Answer send(Request request, Duration timeout) throws InterruptedException {
        askForReturned();
        ServerList.Choice choice = servers.choose();
        try {
            HttpResponse<byte[]> response = exchange(choice.uri(), request, timeout);
            Answer answer = new Answer(choice.uri(), response.statusCode(), response.body(), retryAfter(response));
            if (isUnavailable(answer)) {
                servers.failed(choice);
            } else {
                servers.served(choice);
            }
            return answer;
        } catch (IOException e) {
            servers.failed(choice);
            throw Failures.of(choice.uri(), e, timeout);
        }
    }

    /** Servers that were away are asked by the way, whenever there is something to send. */
    private void askForReturned() {
        ServerList.Server away = servers.dueToBeAsked();
        if (away != null) {
            probe.isReady(away.uri).thenAccept(ready -> servers.asked(away, ready));
        }
    }

    private HttpResponse<byte[]> exchange(URI server, Request request, Duration timeout)
            throws IOException, InterruptedException {
        HttpRequest built = build(server, request, timeout);
        if (silence == null) {
            return client.send(built, WholeBody.handler(timeout));
        }
        SilenceWatch.Watched watched = silence.begin(server);
        try {
            return client.send(built, WholeBody.handler(timeout));
        } catch (InterruptedException e) {
            if (watched.end()) {
                throw new ServerSilentException(server);
            }
            throw e;
        } finally {
            watched.end();
        }
    }

    /** 502 is what a proxy says for a server that is away. */
    private static boolean isUnavailable(Answer answer) {
        return (answer.status() == ErrorCode.BROKER_NOT_AVAILABLE.httpStatus() || answer.status() == 502)
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
