package dev.tidemark.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.server.access.Access;
import dev.tidemark.server.file.FileWatch;
import dev.tidemark.server.http.RunningServer.Answer;
import dev.tidemark.server.testing.TestCertificates;
import dev.tidemark.server.testing.TestDatabase;
import dev.tidemark.server.tls.TlsConfig;
import dev.tidemark.server.tls.TlsKeys;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Clients that send or read slowly, or not at all, hold neither threads nor much memory, delay nobody, and are let go of. The server has 16 threads. */
@Timeout(120)
class SlowPeersTest {
    private static final int MAX_REQUEST_BYTES = 4 << 20;
    private static final int SLOW_CLIENTS = 1000;

    @Order(1)
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    /** Lets go of nobody within a test. */
    @Order(2)
    @RegisterExtension
    static final RunningServer patient =
            new RunningServer(database, config(Duration.ofMinutes(5), Duration.ofMinutes(5)));

    /** Lets go after a second. */
    @Order(2)
    @RegisterExtension
    static final RunningServer hasty =
            new RunningServer(database, config(Duration.ofSeconds(1), Duration.ofMinutes(5)));

    /** Closes what is silent for a second. */
    @Order(2)
    @RegisterExtension
    static final RunningServer easilyBored =
            new RunningServer(database, config(Duration.ofMinutes(5), Duration.ofSeconds(1)));

    private static final FileWatch watch = new FileWatch(Duration.ofMinutes(1));

    /** The same over TLS. */
    @Order(2)
    @RegisterExtension
    static final RunningServer easilyBoredOverTls = new RunningServer(
            database, config(Duration.ofMinutes(5), Duration.ofSeconds(1)), Access::toEverybody, SlowPeersTest::keys);

    private static TlsKeys keys() {
        try {
            Path folder = Files.createTempDirectory("tidemark-slow-peers");
            Path store = new TestCertificates(folder).selfSigned("slow");
            store.toFile().deleteOnExit();
            folder.toFile().deleteOnExit();
            return TlsKeys.load(
                    new TlsConfig.Keystore(store, TestCertificates.PASSWORD, null), watch, new SimpleMeterRegistry());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @AfterAll
    static void stopWatching() {
        watch.close();
    }

    private final List<RawClient> clients = new ArrayList<>();

    private static HttpConfig config(Duration grace, Duration idle) {
        return new HttpConfig(
                "127.0.0.1",
                0,
                MAX_REQUEST_BYTES,
                8L * MAX_REQUEST_BYTES,
                32 << 20,
                20_000,
                5000,
                16,
                idle,
                // What sockets take in for a reader who does not read counts as read.
                new Pace(grace, 8 << 20),
                Duration.ofSeconds(2),
                Duration.ofSeconds(5));
    }

    @AfterEach
    void hangUp() {
        clients.forEach(RawClient::close);
    }

    @Test
    void aThousandBodiesThatComeByteByByteDelayNobodyAndTakeLittleMemory() {
        String topic = patient.newTopic();
        for (int i = 0; i < SLOW_CLIENTS; i++) {
            clients.add(new RawClient(patient).send(head(topic, "Content-Length: " + MAX_REQUEST_BYTES) + "{"));
        }
        await().atMost(Duration.ofSeconds(30)).until(() -> meter(patient, "tidemark_http_transfers") == SLOW_CLIENTS);
        ScheduledExecutorService trickle = Executors.newSingleThreadScheduledExecutor();
        trickle.scheduleWithFixedDelay(() -> clients.forEach(client -> client.trySend(' ')), 0, 1, TimeUnit.SECONDS);
        try {
            for (int i = 0; i < 20; i++) {
                assertThat(append(patient, topic, "{\"records\":[{\"value\":\"" + i + "\"}]}")
                                .status())
                        .isEqualTo(200);
            }
            // A body that does not come at once with its head either.
            assertThat(append(patient, topic, "{\"records\":[{\"value\":\"" + "x".repeat(900_000) + "\"}]}")
                            .status())
                    .isEqualTo(200);
        } finally {
            trickle.shutdownNow();
        }
        assertThat(meter(patient, "tidemark_http_threads_busy")).isLessThan(16);
        assertThat(meter(patient, "tidemark_http_body_bytes")).isLessThanOrEqualTo(SLOW_CLIENTS * 16.0 * 1024);

        clients.forEach(RawClient::close);

        await().atMost(Duration.ofSeconds(30)).until(() -> meter(patient, "tidemark_http_body_bytes") == 0);
        assertThat(meter(patient, "tidemark_http_transfers")).isZero();
    }

    @Test
    void aBodyThatComesTooSlowlyIsRefusedByName() {
        RawClient declared = client(hasty).send(head(hasty.newTopic(), "Content-Length: 100") + "{");
        RawClient chunked = client(hasty).send(head(hasty.newTopic(), "Transfer-Encoding: chunked") + "1\r\n{\r\n");

        assertThat(declared.readToEnd())
                .startsWith("HTTP/1.1 408 ")
                .contains("application/problem+json", "INVALID_REQUEST", "1 of 100 bytes", "Connection: close");
        assertThat(chunked.readToEnd())
                .startsWith("HTTP/1.1 408 ")
                .contains("INVALID_REQUEST", "comes too slowly: 1 bytes");
        assertThat(meter(hasty, "tidemark_http_body_bytes")).isZero();
    }

    @Test
    void aBodyThatStopsComingIsRefusedByName() {
        RawClient silent = client(easilyBored).send(head(easilyBored.newTopic(), "Content-Length: 100") + "{");

        assertThat(silent.readToEnd()).startsWith("HTTP/1.1 408 ").contains("INVALID_REQUEST", "1 of 100 bytes");
    }

    @Test
    void aBodyThatNeverEndsIsRefusedWhileItComes() {
        RawClient endless = client(hasty).send(head(hasty.newTopic(), "Transfer-Encoding: chunked"));
        byte[] chunk = ("10000\r\n" + " ".repeat(1 << 16) + "\r\n").getBytes(StandardCharsets.US_ASCII);
        Thread sending = new Thread(
                () -> {
                    try {
                        while (true) {
                            endless.send(chunk);
                        }
                    } catch (java.io.UncheckedIOException e) {
                        // Cut, as it should be.
                    }
                },
                "endless-body");
        sending.start();

        assertThat(endless.readToEnd()).startsWith("HTTP/1.1 413 ").contains("MESSAGE_TOO_LARGE");
        await().atMost(Duration.ofSeconds(30)).until(() -> !sending.isAlive());
        assertThat(meter(hasty, "tidemark_http_body_bytes")).isZero();
    }

    @Test
    void aHeadThatNeverEndsLosesItsConnection() {
        RawClient slow = client(hasty).send("GET /health/live HTTP/1.1\r\nHost: x\r\nX-Slow: a");
        RawClient second = client(hasty).send("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\nGET /hea");

        await().atMost(Duration.ofSeconds(30)).until(() -> !slow.trySend('a'));
        assertThat(second.readToEnd()).startsWith("HTTP/1.1 200 ").containsOnlyOnce("HTTP/1.1");
    }

    /** The connection is never silent, so Jetty's own timeout does not end it. */
    @Test
    void aHeadThatNeverBeginsLosesItsConnection() {
        RawClient slow = client(easilyBored);
        RawClient second = client(easilyBored).send("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
        assertThat(second.readAnswer()).startsWith("HTTP/1.1 200 ");

        await().atMost(Duration.ofSeconds(30)).until(() -> !slow.trySend('\r') || !slow.trySend('\n'));
        await().atMost(Duration.ofSeconds(30)).until(() -> !second.trySend('\r') || !second.trySend('\n'));
    }

    @Test
    void aHandshakeThatNeverEndsLosesItsConnection() {
        // The head of a record of 16 KiB that begins a ClientHello of as much.
        RawClient slow = client(easilyBoredOverTls).send(new byte[] {22, 3, 1, 0x40, 0, 1, 0, 0x3f, (byte) 0xfc, 3, 3});

        await().atMost(Duration.ofSeconds(30)).until(() -> !slow.trySend(0));
    }

    @Test
    void answersThatNobodyReadsHoldNoThreadAndLeaveRoomForOthers() {
        String topic = patient.newTopic();
        fill(patient, topic, 12);
        for (int i = 0; i < 100; i++) {
            clients.add(new RawClient(patient, 4096).send(fetch(topic, i % 2 == 0)));
        }
        // How much there is at a time depends on how fast the machine reads: what is refused makes room at the cost of
        // older answers.
        await().atMost(Duration.ofSeconds(30)).until(() -> meter(patient, "tidemark_http_answer_bytes") > 2 << 20);

        assertThat(meter(patient, "tidemark_http_threads_busy")).isLessThan(16);
        assertThat(meter(patient, "tidemark_http_answer_bytes")).isLessThanOrEqualTo(32 << 20);
        // Whoever is refused for lack of room is let in soon: those that take nothing make some.
        await().atMost(Duration.ofSeconds(30)).until(() -> {
            Answer some = patient.get("/v1/topics/" + topic + "/partitions/0/records?offset=0&max_bytes=4000000");
            assertThat(some.status()).isIn(200, 429);
            return some.status() == 200 && some.json().path("records").size() > 0;
        });

        clients.forEach(RawClient::close);

        await().atMost(Duration.ofSeconds(30)).until(() -> meter(patient, "tidemark_http_answer_bytes") == 0);
    }

    @Test
    void anAnswerThatIsNotTakenIsCut() {
        String topic = hasty.newTopic();
        fill(hasty, topic, 12);
        RawClient json = client(hasty, 4096).send(fetch(topic, false));
        RawClient binary = client(hasty, 4096).send(fetch(topic, true));

        await().atMost(Duration.ofSeconds(30)).until(() -> meter(hasty, "tidemark_http_answer_bytes") > 0);
        await().atMost(Duration.ofSeconds(60)).until(() -> meter(hasty, "tidemark_http_answer_bytes") == 0);

        assertThat(json.readToEnd()).startsWith("HTTP/1.1 200 ").doesNotContain("next_offset");
        assertThat(binary.readToEnd().length()).isLessThan(12 << 20);
    }

    @Test
    void anAnswerThatIsNotTakenAtAllIsCutForItsSilence() {
        String topic = easilyBored.newTopic();
        fill(easilyBored, topic, 12);
        client(easilyBored, 4096).send(fetch(topic, true));

        await().atMost(Duration.ofSeconds(30)).until(() -> meter(easilyBored, "tidemark_http_answer_bytes") > 0);
        await().atMost(Duration.ofSeconds(60)).until(() -> meter(easilyBored, "tidemark_http_answer_bytes") == 0);
    }

    @Test
    void pipelinedRequestsWhoseAnswersAreNotReadHoldNoThread() {
        for (int i = 0; i < 50; i++) {
            RawClient client = client(patient, 4096);
            Thread sending = new Thread(() -> {
                try {
                    client.send("GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(2000));
                } catch (java.io.UncheckedIOException e) {
                    // Closed at the end of the test.
                }
            });
            sending.setDaemon(true);
            sending.start();
        }
        await().atMost(Duration.ofSeconds(60)).until(() -> meter(patient, "tidemark_http_transfers") >= 50);

        assertThat(patient.get("/health/live").status()).isEqualTo(200);
        assertThat(meter(patient, "tidemark_http_threads_busy")).isLessThan(16);
    }

    private RawClient client(RunningServer server) {
        return client(server, 0);
    }

    private RawClient client(RunningServer server, int receiveBytes) {
        RawClient client = new RawClient(server, receiveBytes);
        clients.add(client);
        return client;
    }

    private static void fill(RunningServer server, String topic, int megabytes) {
        for (int i = 0; i < megabytes; i++) {
            assertThat(append(server, topic, "{\"records\":[{\"value\":\"" + "x".repeat(1_000_000) + "\"}]}")
                            .status())
                    .isEqualTo(200);
        }
    }

    private static Answer append(RunningServer server, String topic, String json) {
        return server.post("/v1/topics/" + topic + "/records", json);
    }

    private static String head(String topic, String header) {
        return "POST /v1/topics/" + topic + "/records HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                + header + "\r\n\r\n";
    }

    private static String fetch(String topic, boolean binary) {
        return "GET /v1/topics/" + topic
                + "/partitions/0/records?offset=0&max_bytes=60000000 HTTP/1.1\r\nHost: x\r\nAccept: "
                + (binary ? "application/vnd.tidemark.records.v1" : "application/json") + "\r\n\r\n";
    }

    private static double meter(RunningServer server, String name) {
        String metrics = new String(server.exchange(server.request("/metrics")).body(), StandardCharsets.UTF_8);
        return metrics.lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + name));
    }
}
