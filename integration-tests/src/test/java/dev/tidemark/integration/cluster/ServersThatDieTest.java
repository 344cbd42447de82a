package dev.tidemark.integration.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tidemark.client.RecordMetadata;
import dev.tidemark.client.TidemarkAdmin;
import dev.tidemark.integration.door.HttpApi;
import dev.tidemark.integration.load.NumberedProducer;
import dev.tidemark.integration.load.PartitionReader;
import dev.tidemark.integration.load.WrittenLog;
import dev.tidemark.integration.server.RunningServer;
import dev.tidemark.integration.server.ServerProcess;
import dev.tidemark.server.testing.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Two server processes over one database, and clients that know both. Whatever becomes of one of them, the clients go on by the other. */
class ServersThatDieTest {
    private static final int PARTITIONS = 2;
    private static final int RECORDS = 1_000;

    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private static ServerProcess one;
    private static ServerProcess other;
    private static String both;

    private final String topic = RunningServer.newName();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final AtomicBoolean enough = new AtomicBoolean();
    private final AtomicBoolean produced = new AtomicBoolean();

    @BeforeAll
    static void start() {
        one = ServerProcess.startOver(database.jdbcUrl(), 0);
        other = ServerProcess.startOver(database.jdbcUrl(), 0);
        both = one.uri() + "," + other.uri();
    }

    @AfterAll
    static void stop() {
        one.close();
        other.close();
    }

    @BeforeEach
    void createTopic() {
        try (TidemarkAdmin admin = TidemarkAdmin.builder().servers(both).build()) {
            admin.createTopic(topic, PARTITIONS);
        }
    }

    @AfterEach
    void stopThreads() {
        enough.set(true);
        produced.set(true);
        threads.shutdownNow();
    }

    private <T> CompletableFuture<T> inBackground(Supplier<T> work) {
        return CompletableFuture.supplyAsync(work, threads);
    }

    /** Several clients begin at each of the servers by lot, so that some are at the one that something happens to. */
    private List<NumberedProducer> producers(int count) {
        List<NumberedProducer> producers = new ArrayList<>();
        for (int p = 0; p < count; p++) {
            producers.add(new NumberedProducer("p" + p, both, topic, PARTITIONS));
        }
        return producers;
    }

    private static void send(List<NumberedProducer> producers, int each) {
        for (int n = 0; n < each; n++) {
            producers.forEach(NumberedProducer::send);
        }
    }

    private static Map<String, RecordMetadata> placesOf(List<NumberedProducer> producers) {
        Map<String, RecordMetadata> places = new java.util.LinkedHashMap<>();
        producers.forEach(producer -> places.putAll(producer.places()));
        return places;
    }

    private CompletableFuture<List<List<String>>> read() {
        return inBackground(() -> PartitionReader.readUntil(both, topic, produced::get));
    }

    @Test
    void killedServerIsLeftForTheOtherAndItsPlaceIsTakenAgain() {
        List<NumberedProducer> producers = producers(3);
        List<CompletableFuture<List<List<String>>>> readers = List.of(read(), read());
        CompletableFuture<Void> producing = inBackground(() -> {
            while (!enough.get()) {
                send(producers, 1);
            }
            return null;
        });
        awaitAcknowledged(producers, RECORDS);

        one.kill();
        awaitAcknowledged(producers, RECORDS);
        await().atMost(Duration.ofSeconds(15)).until(() -> listed(other) == 1);
        one = ServerProcess.startOver(database.jdbcUrl(), one.uri().getPort());
        assertThat(listed(one)).isEqualTo(2);
        other.kill();
        awaitAcknowledged(producers, RECORDS);
        other = ServerProcess.startOver(database.jdbcUrl(), other.uri().getPort());

        enough.set(true);
        producing.join();
        Map<String, RecordMetadata> places = placesOf(producers);
        produced.set(true);
        readers.forEach(reader -> WrittenLog.assertHoldsExactly(places, reader.join()));
        producers.forEach(NumberedProducer::close);
    }

    private static long acknowledged(List<NumberedProducer> producers) {
        return producers.stream().mapToLong(NumberedProducer::acknowledged).sum();
    }

    /** Of every producer: one that got stuck would not be noticed behind the others. */
    private static void awaitAcknowledged(List<NumberedProducer> producers, long more) {
        for (NumberedProducer producer : producers) {
            long enoughOfIt = producer.acknowledged() + more / producers.size();
            await().pollInterval(Duration.ofMillis(5))
                    .atMost(Duration.ofMinutes(1))
                    .until(() -> producer.acknowledged() >= enoughOfIt);
        }
    }

    private static int listed(ServerProcess server) {
        JsonNode servers = new HttpApi(server::uri).get("/v1/cluster").get("servers");
        return servers.size();
    }

    /** It holds no lock when it stops: who holds one and stops is another matter. */
    @Test
    void serverThatTakesConnectionsAndNeverAnswersIsLeftForTheOther() {
        List<NumberedProducer> producers = producers(4);
        CompletableFuture<List<List<String>>> reader = read();
        CompletableFuture<List<List<String>>> otherReader = read();
        send(producers, 50);
        producers.forEach(NumberedProducer::places);

        one.suspend();
        try {
            send(producers, 50);
            awaitAllAcknowledged(producers);
            try (TidemarkAdmin admin = TidemarkAdmin.builder().servers(both).build();
                    TidemarkAdmin another =
                            TidemarkAdmin.builder().servers(both).build()) {
                assertThat(admin.describeTopic(topic).partitionCount()).isEqualTo(PARTITIONS);
                assertThat(another.describeTopic(topic).partitionCount()).isEqualTo(PARTITIONS);
            }
            Map<String, RecordMetadata> places = placesOf(producers);
            produced.set(true);
            WrittenLog.assertHoldsExactly(places, reader.join());
            WrittenLog.assertHoldsExactly(places, otherReader.join());
        } finally {
            one.resume();
        }
        await().atMost(Duration.ofSeconds(15)).until(() -> listed(one) == 2);
        producers.forEach(NumberedProducer::close);
    }

    /** Far within the 30 s after which a request is given up where there is no other server. */
    private static void awaitAllAcknowledged(List<NumberedProducer> producers) {
        await().atMost(Duration.ofSeconds(25)).until(() -> acknowledged(producers) == 4 * 100);
    }
}
