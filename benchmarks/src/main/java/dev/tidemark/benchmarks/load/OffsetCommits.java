package dev.tidemark.benchmarks.load;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/**
 * Commits offsets over HTTP as fast as it can: so many consumers, each in a group of its own and one request at a time, and each request one partition's offset. What
 * is counted are requests answered.
 */
public final class OffsetCommits {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private OffsetCommits() {}

    /** {@code --server --topic --partitions --commits --consumers}. */
    public static void main(String[] args) throws Exception {
        Arguments arguments = new Arguments(args);
        int consumers = arguments.number("consumers");
        int each = arguments.number("commits") / consumers;
        HttpClient http =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        List<Callable<Void>> loops = new ArrayList<>();
        for (int n = 0; n < consumers; n++) {
            String group = arguments.text("topic") + "-group-" + n;
            HttpRequest request = request(arguments, group, n % arguments.number("partitions"));
            loops.add(() -> commit(http, request, each));
        }
        double seconds = Together.run(loops);
        System.out.println(new ToolResult((long) each * consumers, seconds).line());
    }

    private static HttpRequest request(Arguments arguments, String group, int partition) {
        String body = "{\"offsets\":[{\"topic\":\"" + arguments.text("topic") + "\",\"partition\":" + partition
                + ",\"committed_offset\":0}]}";
        return HttpRequest.newBuilder(URI.create(arguments.text("server") + "/v1/groups/" + group + "/offsets"))
                .timeout(PATIENCE)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body))
                .build();
    }

    private static Void commit(HttpClient http, HttpRequest request, int times)
            throws IOException, InterruptedException {
        for (int n = 0; n < times; n++) {
            HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
            if (answer.statusCode() != 200) {
                throw new IOException("a commit was answered " + answer.statusCode() + ": " + answer.body());
            }
        }
        return null;
    }
}
