package dev.tidemark.integration.chaos;

import dev.tidemark.client.ProducerRecord;
import dev.tidemark.client.RecordMetadata;
import dev.tidemark.client.Serializers;
import dev.tidemark.client.TidemarkProducer;
import dev.tidemark.protocol.Header;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Writes events at a steady pace, numbered in a header, and keeps where each is said to lie. A thread of its own runs it until it is told to finish. */
final class EventWriter implements Runnable {
    static final String NUMBER = "number";

    /** Bounds what waits while nothing can be written. */
    private static final int MAX_UNACKNOWLEDGED = 5_000;

    private final int id;
    private final String topic;
    private final Events events;
    private final long intervalNanos;
    private final Recoveries recoveries;
    private final TidemarkProducer<String, String> producer;
    private final Semaphore room = new Semaphore(MAX_UNACKNOWLEDGED);
    private final List<CompletableFuture<RecordMetadata>> sent = new ArrayList<>();
    private final AtomicInteger acknowledged = new AtomicInteger();
    private volatile boolean finish;

    EventWriter(int id, String servers, String topic, Events events, int recordsPerSecond, Recoveries recoveries) {
        this.id = id;
        this.topic = topic;
        this.events = events;
        this.intervalNanos = TimeUnit.SECONDS.toNanos(1) / recordsPerSecond;
        this.recoveries = recoveries;
        this.producer = TidemarkProducer.builder()
                .servers(servers)
                .keySerializer(Serializers.text())
                .valueSerializer(Serializers.text())
                .linger(Duration.ofMillis(5))
                .requestTimeout(Duration.ofSeconds(5))
                .deliveryTimeout(Duration.ofMinutes(2))
                .retryBackoff(Duration.ofMillis(20), Duration.ofMillis(500))
                .build();
    }

    String name() {
        return "writer-" + id;
    }

    int acknowledged() {
        return acknowledged.get();
    }

    /** Ends {@link #run}. */
    void finish() {
        finish = true;
    }

    @Override
    public void run() {
        long next = System.nanoTime();
        while (!finish) {
            send();
            next += intervalNanos;
            LockSupport.parkNanos(next - System.nanoTime());
        }
        producer.close();
    }

    private void send() {
        room.acquireUninterruptibly();
        int number = sent.size();
        Events.Event event = events.at(number + 1_000L * id);
        long now = System.nanoTime();
        ProducerRecord<String, String> record = new ProducerRecord<>(
                topic, null, null, event.key(), event.json(), List.of(new Header(NUMBER, header(number, now))));
        CompletableFuture<RecordMetadata> answer = producer.send(record);
        answer.whenComplete((at, failure) -> {
            room.release();
            if (failure == null) {
                acknowledged.incrementAndGet();
                recoveries.through(name(), now);
            }
        });
        sent.add(answer);
    }

    private byte[] header(int number, long nowNanos) {
        return ByteBuffer.allocate(Stamp.BYTES)
                .putInt(id)
                .putInt(number)
                .putLong(nowNanos)
                .array();
    }

    /** Who wrote a record, its number there, and when it was sent, on this JVM's clock. */
    record Stamp(int writer, int number, long sentNanos) {
        private static final int BYTES = 16;

        static Stamp of(byte @Nullable [] header) {
            ByteBuffer bytes = ByteBuffer.wrap(header == null ? new byte[0] : header);
            return new Stamp(bytes.getInt(), bytes.getInt(), bytes.getLong());
        }
    }

    /** Once {@link #run} has ended: where each record is, by its number. @throws java.util.concurrent.CompletionException for one not acknowledged */
    List<RecordMetadata> places() {
        return sent.stream().map(CompletableFuture::join).toList();
    }
}
