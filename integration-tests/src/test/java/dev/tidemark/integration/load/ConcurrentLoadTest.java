package dev.tidemark.integration.load;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.client.RecordMetadata;
import dev.tidemark.integration.door.JsonClient;
import dev.tidemark.integration.server.RunningServer;
import dev.tidemark.integration.server.Soak;
import dev.tidemark.protocol.api.PartitionDescription;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Several producers and readers at once, over several partitions whose segments roll meanwhile. */
class ConcurrentLoadTest {
    private static final int PARTITIONS = 3;
    private static final int PRODUCERS = 3;
    private static final int RECORDS = 6_000;

    @RegisterExtension
    static final RunningServer server = new RunningServer();

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final String topic = RunningServer.newName();
    private final AtomicBoolean produced = new AtomicBoolean();

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    @Test
    void everyRecordIsReadOnceInItsProducersOrderWhileSegmentsRoll() {
        JsonClient admin = new JsonClient(server.http());
        // The least there is: a segment is made for a thousand records.
        admin.createTopic(topic, PARTITIONS, Map.of("segment.bytes", "1024"));
        CompletableFuture<List<List<String>>> early = inBackground(this::read);
        CompletableFuture<List<List<String>>> other = inBackground(this::read);

        List<CompletableFuture<Map<String, RecordMetadata>>> producers = new ArrayList<>();
        for (int p = 0; p < PRODUCERS; p++) {
            String name = "producer-" + p;
            producers.add(inBackground(() -> produce(name)));
        }
        Map<String, RecordMetadata> acknowledged = new LinkedHashMap<>();
        producers.forEach(producer -> acknowledged.putAll(producer.join()));
        produced.set(true);

        WrittenLog.assertHoldsExactly(acknowledged, early.join());
        assertThat(other.join()).isEqualTo(early.join());
        assertThat(read()).as("read again, from the database").isEqualTo(early.join());
        assertThat(admin.describeTopic(topic).partitions())
                .extracting(PartitionDescription::segments)
                .allSatisfy(segments -> assertThat(segments).isGreaterThan(2));
    }

    private Map<String, RecordMetadata> produce(String name) {
        Soak soak = Soak.start();
        try (NumberedProducer producer = new NumberedProducer(name, server.uri().toString(), topic, PARTITIONS)) {
            for (int n = 0; n < RECORDS || soak.goesOn(); n++) {
                producer.send();
            }
            return producer.places();
        }
    }

    private List<List<String>> read() {
        return PartitionReader.readUntil(server.uri().toString(), topic, produced::get);
    }

    private <T> CompletableFuture<T> inBackground(java.util.function.Supplier<T> work) {
        return CompletableFuture.supplyAsync(work, threads);
    }
}
