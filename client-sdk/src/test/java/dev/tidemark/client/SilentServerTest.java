package dev.tidemark.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.protocol.ErrorCode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A server beside another that takes connections and answers nothing, and one that only takes its time. */
@Timeout(60)
class SilentServerTest {
    private static final int CLIENTS = 6;

    /** Less than the 30 s after which a request is given up where there is no other server. */
    private static final Duration SOON = Duration.ofSeconds(25);

    private final FakeBroker broker = new FakeBroker();
    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void stop() {
        broker.close();
        threads.shutdownNow();
    }

    /** The kernel takes connections for it; nobody reads them. */
    private static ServerSocket silent() throws IOException {
        return new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
    }

    private String both(ServerSocket silent) {
        return "http://127.0.0.1:" + silent.getLocalPort() + "," + broker.url();
    }

    /** So many at once, of which some begin at the silent server by lot. */
    private <T> void assertAllAnswer(Supplier<T> client) {
        List<CompletableFuture<T>> answers = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            answers.add(CompletableFuture.supplyAsync(client, threads));
        }
        assertThat(CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new)))
                .succeedsWithin(SOON);
    }

    @Test
    void adminsGoOnByTheOther() throws IOException {
        broker.createTopic("t", 3);
        try (ServerSocket silent = silent()) {
            assertAllAnswer(() -> {
                try (TidemarkAdmin admin =
                        TidemarkAdmin.builder().servers(both(silent)).build()) {
                    return admin.describeTopic("t");
                }
            });
        }
    }

    @Test
    void producersAndConsumersGoOnByTheOther() throws IOException {
        broker.createTopic("t", 1);
        AtomicInteger number = new AtomicInteger();
        try (ServerSocket silent = silent()) {
            assertAllAnswer(() -> {
                try (TidemarkProducer<String, String> producer = TidemarkProducer.builder()
                        .servers(both(silent))
                        .keySerializer(Serializers.text())
                        .valueSerializer(Serializers.text())
                        .build()) {
                    return producer.send(new ProducerRecord<>("t", "v" + number.incrementAndGet()))
                            .join();
                }
            });
            assertThat(broker.values("t", 0)).hasSize(CLIENTS).doesNotHaveDuplicates();
            assertAllAnswer(() -> {
                try (TidemarkConsumer<byte[], byte[]> consumer = TidemarkConsumer.builder()
                        .servers(both(silent))
                        .autoOffsetReset(AutoOffsetReset.EARLIEST)
                        .build()) {
                    consumer.assign(List.of(new TopicPartition("t", 0)));
                    return consumer.poll(SOON).iterator().next();
                }
            });
        }
    }

    @Test
    void serverThatSaysThatItLivesMayTakeItsTime() {
        try (FakeBroker other = new FakeBroker()) {
            List<FakeBroker> brokers = List.of(broker, other);
            for (FakeBroker each : brokers) {
                each.createTopic("t", 1);
                // No answer before the client has asked how the server is, and was told.
                each.fault = (n, request) -> {
                    synchronized (this) {
                        while (!each.requests.contains("GET /health/live")) {
                            wait(10);
                        }
                    }
                    request.handle();
                };
            }
            try (TidemarkProducer<String, String> producer = TidemarkProducer.builder()
                    .servers(broker.url(), other.url())
                    .keySerializer(Serializers.text())
                    .valueSerializer(Serializers.text())
                    .build()) {
                producer.send(new ProducerRecord<>("t", "v")).join();
                assertThat(producer.metrics().retries()).isZero();
            }
            assertThat(broker.values("t", 0).size() + other.values("t", 0).size())
                    .isOne();
        }
    }

    @Test
    void serverThatWasAwayIsReturnedTo() {
        try (FakeBroker other = new FakeBroker();
                TidemarkAdmin admin = TidemarkAdmin.builder()
                        .servers(broker.url(), other.url())
                        .build()) {
            broker.createTopic("t", 1);
            other.createTopic("t", 1);
            admin.describeTopic("t");
            FakeBroker chosen = broker.requests.isEmpty() ? other : broker;
            FakeBroker next = chosen == broker ? other : broker;
            chosen.refuseOthers = ErrorCode.BROKER_NOT_AVAILABLE;
            admin.describeTopic("t");
            assertThat(next.requests).isNotEmpty();

            chosen.refuseOthers = null;
            int before = described(chosen);
            while (described(chosen) == before) {
                admin.describeTopic("t");
            }
        }
    }

    private static int described(FakeBroker broker) {
        return (int) broker.requests.stream()
                .filter(request -> request.equals("GET /v1/topics/t"))
                .count();
    }
}
