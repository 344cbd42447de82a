package dev.tidemark.integration.load;

import dev.tidemark.client.ProducerRecord;
import dev.tidemark.client.RecordMetadata;
import dev.tidemark.client.Serializers;
import dev.tidemark.client.TidemarkProducer;
import dev.tidemark.integration.server.Soak;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Sends {@code name:0}, {@code name:1}, … to one topic, round its partitions, and keeps the acknowledgements. Batches are small and several requests are in
 * flight; how many records may be on their way is bounded, so that a log that is away for a while does not meet a flood.
 */
public final class NumberedProducer implements AutoCloseable {
    private static final int MAX_UNACKNOWLEDGED = 2_000;

    private final String name;
    private final String topic;
    private final int partitions;
    private final TidemarkProducer<byte[], String> producer;
    private final List<CompletableFuture<RecordMetadata>> sent = new ArrayList<>();
    private final AtomicLong acknowledged = new AtomicLong();
    private final Semaphore room = new Semaphore(MAX_UNACKNOWLEDGED);

    public NumberedProducer(String name, String server, String topic, int partitions) {
        this(name, server, topic, partitions, 4 << 10);
    }

    /** @param batchBytes large ones are copied, with a partition's lock held meanwhile; small ones are one statement */
    public NumberedProducer(String name, String server, String topic, int partitions, int batchBytes) {
        this.name = name;
        this.topic = topic;
        this.partitions = partitions;
        this.producer = TidemarkProducer.builder()
                .servers(server)
                .valueSerializer(Serializers.text())
                .batchBytes(batchBytes)
                .maxInFlightRequests(5)
                .deliveryTimeout(Soak.patience())
                .retryBackoff(Duration.ofMillis(20), Duration.ofMillis(500))
                .build();
    }

    /** Waits for room. Only one thread at a time. */
    public void send() {
        room.acquireUninterruptibly();
        int number = sent.size();
        CompletableFuture<RecordMetadata> answer =
                producer.send(new ProducerRecord<>(topic, number % partitions, null, name + ":" + number));
        answer.whenComplete((at, failure) -> room.release());
        answer.thenRun(acknowledged::incrementAndGet);
        sent.add(answer);
    }

    /** May be asked from any thread. */
    public long acknowledged() {
        return acknowledged.get();
    }

    /** Waits for all acknowledgements: where each value lies. */
    public Map<String, RecordMetadata> places() {
        producer.flush();
        Map<String, RecordMetadata> places = new LinkedHashMap<>();
        for (int number = 0; number < sent.size(); number++) {
            places.put(name + ":" + number, sent.get(number).join());
        }
        return places;
    }

    @Override
    public void close() {
        producer.close();
    }
}
