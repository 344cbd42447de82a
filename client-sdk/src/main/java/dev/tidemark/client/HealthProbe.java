package dev.tidemark.client;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** Asks servers how they are, each question on a thread of its own for as long as it takes, and the same one once at a time. Thread-safe. */
final class HealthProbe {
    static final Duration ANSWERS_WITHIN = Duration.ofSeconds(2);

    private final HttpClient client;
    private final Map<URI, CompletableFuture<Integer>> underWay = new ConcurrentHashMap<>();

    HealthProbe(HttpClient client) {
        this.client = client;
    }

    /** Whether it answers at all. Completes on the thread of the question, and never exceptionally. */
    CompletableFuture<Boolean> answers(URI server) {
        return ask(URI.create(server + "/health/live")).thenApply(status -> status != NO_ANSWER);
    }

    /** Whether it says that it can do its work. Completes as {@link #answers}. */
    CompletableFuture<Boolean> isReady(URI server) {
        return ask(URI.create(server + "/health/ready")).thenApply(status -> status == 200);
    }

    private static final int NO_ANSWER = -1;

    private CompletableFuture<Integer> ask(URI question) {
        CompletableFuture<Integer> mine = new CompletableFuture<>();
        CompletableFuture<Integer> others = underWay.putIfAbsent(question, mine);
        if (others != null) {
            return others;
        }
        Thread thread = new Thread(
                () -> {
                    int status = status(question);
                    underWay.remove(question, mine);
                    mine.complete(status);
                },
                "tidemark-health");
        thread.setDaemon(true);
        thread.start();
        return mine;
    }

    private int status(URI question) {
        HttpRequest request =
                HttpRequest.newBuilder(question).timeout(ANSWERS_WITHIN).GET().build();
        try {
            return client.send(request, BodyHandlers.discarding()).statusCode();
        } catch (IOException | RuntimeException noAnswer) {
            return NO_ANSWER;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return NO_ANSWER;
        }
    }
}
