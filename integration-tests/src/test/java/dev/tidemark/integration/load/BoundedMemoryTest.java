package dev.tidemark.integration.load;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.client.ProducerRecord;
import dev.tidemark.client.Serializers;
import dev.tidemark.client.TidemarkProducer;
import dev.tidemark.integration.door.JsonClient;
import dev.tidemark.integration.server.Installation;
import dev.tidemark.integration.server.ServerProcess;
import dev.tidemark.integration.server.Soak;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A server with 256 MiB of heap, 2,000 waiting fetches, and everybody else at full speed: small and large records, JSON and binary. It may say that it is at its limit; it
 * may not fail. {@code bin/tidemark} ends a server that runs out of memory, so one that lives has not.
 */
@Timeout(value = 10, unit = TimeUnit.HOURS)
class BoundedMemoryTest {
    private static final int LONG_POLLS = 2000;
    private static final Duration ORDINARY_RUN = Duration.ofSeconds(10);
    private static final String RECORDS = "application/vnd.tidemark.records.v1";

    @TempDir
    static Path folder;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final ExecutorService clientThreads = Executors.newFixedThreadPool(4);
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .executor(clientThreads)
            .build();

    private final Map<String, AtomicLong> answers = new java.util.concurrent.ConcurrentSkipListMap<>();
    private final ConcurrentLinkedQueue<String> failures = new ConcurrentLinkedQueue<>();
    private Soak soak;
    private long endNanos;
    private URI server;

    @AfterEach
    void stop() {
        threads.shutdownNow();
        clientThreads.shutdownNow();
    }

    @Test
    void aServerWithLittleHeapServesEverybodyAtOnce() throws Exception {
        try (ServerProcess process = withLittleHeap(folder.resolve("everybody"))) {
            server = process.uri();
            JsonClient admin = new JsonClient(process.http());
            admin.createTopic("idle", 1, Map.of());
            admin.createTopic("small", 6, Map.of());
            admin.createTopic("large", 2, Map.of("max.message.bytes", "4194304"));
            admin.createTopic("json", 2, Map.of("value.type", "json"));

            List<CompletableFuture<Integer>> polls = longPolls();
            await().atMost(Duration.ofMinutes(1)).until(() -> process.meter("tidemark_fetch_waiting") >= LONG_POLLS);
            double idleHeap = process.meter("jvm_memory_used_bytes");
            everybody();

            assertThat(process.isAlive())
                    .as("the server lives; it answered %s", answers)
                    .isTrue();
            assertThat(failures)
                    .as("of what was asked; answers were %s", answers)
                    .isEmpty();
            assertThat(answers).containsKeys("append small", "append json 200", "fetch json 200", "fetch binary 200");
            wake(polls);
            for (String topic : List.of("small", "large", "json", "idle")) {
                assertThat(process.brokenPromises(topic)).isEmpty();
            }
            System.out.printf(
                    "with %,.0f bytes of memory in use at %d long polls; answers %s%n", idleHeap, LONG_POLLS, answers);
        }
    }

    private static ServerProcess withLittleHeap(Path home) throws IOException {
        Path data = home.resolve("data");
        ProcessBuilder command = Installation.in(home)
                .with("TIDEMARK_JAVA_OPTS", "-Xmx256m")
                .process("bin/tidemark", "server", "--http-port", "0", "--data-dir", data.toString());
        return ServerProcess.start(command, data);
    }

    /** What a body is made of counts, not only the body: texts with escapes, base64, headers and numbers as large as a request may be. */
    @Test
    void largeTextsInJsonDoNotEndAServerWithLittleHeap() throws Exception {
        Map<String, LargeText> texts = Map.of(
                "plain", new LargeText("{\"records\":[{\"value\":\"", "x", "\"}]}"),
                "escaped", new LargeText("{\"records\":[{\"value\":\"", "xxxxxx\\n", "\"}]}"),
                "beyond latin", new LargeText("{\"records\":[{\"value\":\"", "xx\\u65e5", "\"}]}"),
                "base64", new LargeText("{\"records\":[{\"value_base64\":\"", "AAAA", "\"}]}"),
                "key", new LargeText("{\"records\":[{\"key\":\"", "xxx\\/", "\"}]}"),
                "header", new LargeText("{\"records\":[{\"headers\":{\"h\":\"", "xxx\\t", "\"}}]}"),
                "number", new LargeText("{\"records\":[{\"value\":1", "0", "}]}"),
                "many headers", new LargeText("{\"records\":[{\"headers\":{\"a\":\"\"", ",\"b\":\"\"", "}}]}"));
        try (ServerProcess process = withLittleHeap(folder.resolve("large-texts"))) {
            server = process.uri();
            new JsonClient(process.http()).createTopic("large", 1, Map.of("max.message.bytes", "16777216"));
            for (String each : List.of("plain", "escaped", "beyond latin", "base64")) {
                assertThat(send(texts.get(each))).as("%s, alone", each).isEqualTo(200);
            }
            List<CompletableFuture<Void>> senders = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                List<String> order = new ArrayList<>(texts.keySet());
                java.util.Collections.rotate(order, i);
                senders.add(CompletableFuture.runAsync(() -> sendEach(order, texts), threads));
            }
            senders.forEach(CompletableFuture::join);

            assertThat(process.isAlive())
                    .as("the server lives; it answered %s, and not %s", answers, failures)
                    .isTrue();
            assertThat(failures).as("answers were %s", answers).isEmpty();
            assertThat(process.brokenPromises("large")).isEmpty();
            System.out.printf("large texts: answers %s%n", answers);
        }
    }

    /** A request of 15 MiB that takes no memory here. */
    private record LargeText(String head, String repeated, String tail) {
        private static final int TIMES_64_KIB = 240;

        HttpRequest.BodyPublisher body() {
            byte[] piece =
                    repeated.repeat(65_536 / repeated.length()).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
            List<byte[]> pieces = new ArrayList<>(java.util.Collections.nCopies(TIMES_64_KIB, piece));
            pieces.add(0, head.getBytes(UTF_8));
            pieces.add(tail.getBytes(UTF_8));
            long length = pieces.stream().mapToLong(bytes -> bytes.length).sum();
            return BodyPublishers.fromPublisher(BodyPublishers.ofByteArrays(pieces), length);
        }
    }

    private void sendEach(List<String> order, Map<String, LargeText> texts) {
        for (String each : order) {
            try {
                int status = send(texts.get(each));
                count(each + " " + status);
                if (status >= 500) {
                    failures.add(each + " " + status);
                }
            } catch (IOException | InterruptedException failure) {
                failures.add(each + " " + failure);
            }
        }
    }

    private int send(LargeText text) throws IOException, InterruptedException {
        HttpRequest request = request("/v1/topics/large/records")
                .header("Content-Type", "application/json")
                .POST(text.body())
                .build();
        return client.send(request, BodyHandlers.ofString()).statusCode();
    }

    /** Fetches at the end of a topic nobody writes to; asked again when their wait is over. */
    private List<CompletableFuture<Integer>> longPolls() {
        List<CompletableFuture<Integer>> polls = new ArrayList<>();
        for (int i = 0; i < LONG_POLLS; i++) {
            polls.add(longPoll());
        }
        return polls;
    }

    private CompletableFuture<Integer> longPoll() {
        HttpRequest request = request("/v1/topics/idle/partitions/0/records?offset=0&max_wait_ms=30000")
                .GET()
                .build();
        return client.sendAsync(request, BodyHandlers.ofString()).thenCompose(answer -> {
            if (answer.statusCode() == 200 && answer.body().contains("\"records\":[]")) {
                return longPoll();
            }
            return CompletableFuture.completedFuture(answer.statusCode());
        });
    }

    private void wake(List<CompletableFuture<Integer>> polls) throws Exception {
        append("idle", "{\"records\":[{\"value\":\"wake up\"}]}");
        for (CompletableFuture<Integer> poll : polls) {
            assertThat(poll.get(1, TimeUnit.MINUTES)).isEqualTo(200);
        }
    }

    private boolean goesOn() {
        return failures.isEmpty() && (System.nanoTime() - endNanos < 0 || soak.goesOn());
    }

    private void everybody() {
        soak = Soak.start();
        endNanos = System.nanoTime() + ORDINARY_RUN.toNanos();
        String small = "{\"records\":[" + "{\"value\":{\"n\":1}},".repeat(5000) + "{\"value\":{\"n\":2}}]}";
        String largest = "{\"records\":[" + "{},".repeat(300_000) + "{}]}";
        String large = "{\"records\":[{\"value\":\"" + "x".repeat(1_000_000) + "\"},{\"value\":\""
                + "y".repeat(1_000_000) + "\"}]}";
        List<Work> work = new ArrayList<>(List.of(
                () -> produce("small", 100, 20_000),
                () -> produce("small", 1_000, 5_000),
                () -> produce("large", 2_000_000, 4)));
        for (int i = 0; i < 3; i++) {
            work.add(() -> append("json", small));
            work.add(() -> append("json", largest));
            work.add(() -> append("large", large));
            work.add(() -> fetch("small", "application/json", "json"));
            work.add(() -> fetch("large", "application/json", "json"));
            work.add(() -> fetch("json", "application/json", "json"));
            work.add(() -> fetch("small", RECORDS, "binary"));
            work.add(() -> fetch("large", RECORDS, "binary"));
        }
        List<CompletableFuture<Void>> running = work.stream()
                .map(each -> CompletableFuture.runAsync(() -> again(each), threads))
                .toList();
        running.forEach(CompletableFuture::join);
    }

    private interface Work {
        void once() throws Exception;
    }

    private void again(Work work) {
        try {
            while (goesOn()) {
                work.once();
            }
        } catch (Exception failure) {
            failures.add(failure.toString());
        }
    }

    private void produce(String topic, int bytes, int records) {
        try (TidemarkProducer<byte[], byte[]> producer = TidemarkProducer.builder()
                .servers(server.toString())
                .keySerializer(Serializers.bytes())
                .valueSerializer(Serializers.bytes())
                .build()) {
            List<CompletableFuture<?>> sent = new ArrayList<>();
            for (int i = 0; i < records; i++) {
                sent.add(producer.send(
                        new ProducerRecord<>(topic, Integer.toString(i).getBytes(UTF_8), new byte[bytes])));
            }
            sent.forEach(CompletableFuture::join);
            count("append " + topic);
        }
    }

    private void append(String topic, String json) throws IOException, InterruptedException {
        HttpRequest request = request("/v1/topics/" + topic + "/records")
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(json))
                .build();
        HttpResponse<String> answer = client.send(request, BodyHandlers.ofString());
        note("append json", answer.statusCode(), answer::body);
    }

    /** As much as there may be, from the beginning, read and forgotten. */
    private void fetch(String topic, String accept, String form) throws IOException, InterruptedException {
        HttpRequest request = request(
                        "/v1/topics/" + topic + "/partitions/0/records?offset=0&max_records=10000&max_bytes=67108864")
                .header("Accept", accept)
                .GET()
                .build();
        HttpResponse<InputStream> answer = client.send(request, BodyHandlers.ofInputStream());
        try (InputStream body = answer.body()) {
            byte[] head = body.readNBytes(1000);
            body.transferTo(java.io.OutputStream.nullOutputStream());
            note("fetch " + form, answer.statusCode(), () -> new String(head, UTF_8));
        }
    }

    /** At its limit the server may say so; whatever else it says is a failure. */
    private void note(String what, int status, java.util.function.Supplier<String> body) {
        count(what + " " + status);
        if (status != 200 && status != 429) {
            failures.add(what + " " + status + " " + body.get());
        }
    }

    private void count(String what) {
        answers.computeIfAbsent(what, name -> new AtomicLong()).incrementAndGet();
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(server + path)).timeout(Duration.ofMinutes(2));
    }
}
