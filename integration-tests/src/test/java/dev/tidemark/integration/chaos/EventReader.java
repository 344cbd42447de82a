package dev.tidemark.integration.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.client.AutoOffsetReset;
import dev.tidemark.client.ConsumerRecord;
import dev.tidemark.client.Deserializers;
import dev.tidemark.client.RetriableException;
import dev.tidemark.client.TidemarkConsumer;
import dev.tidemark.client.TopicPartition;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Reads all partitions while they are written, and checks each record as it comes: offsets without gap or repeat, each writer's records of a partition in their
 * order, values as they were sent. A thread of its own runs it until it has seen as many records as it is told there are.
 */
final class EventReader implements Runnable {
    private static final Duration POLL = Duration.ofMillis(200);

    private final String name;
    private final Events events;
    private final Recoveries recoveries;
    private final TidemarkConsumer<String, String> consumer;
    private final Map<TopicPartition, Long> next = new HashMap<>();
    private final Map<String, Integer> lastNumber = new HashMap<>();
    /** By writer, then number: partition and offset, as acknowledgements name them. */
    private final Map<Integer, Map<Integer, String>> places = new HashMap<>();

    private final AtomicLong seen = new AtomicLong();
    private volatile long until = Long.MAX_VALUE;

    EventReader(String name, String servers, String topic, Events events, Recoveries recoveries) {
        this.name = name;
        this.events = events;
        this.recoveries = recoveries;
        this.consumer = TidemarkConsumer.builder()
                .servers(servers)
                .keyDeserializer(Deserializers.text())
                .valueDeserializer(Deserializers.text())
                .autoOffsetReset(AutoOffsetReset.EARLIEST)
                .requestTimeout(Duration.ofSeconds(5))
                .retryBackoff(Duration.ofMillis(20), Duration.ofMillis(500))
                .build();
        List<TopicPartition> assigned = new ArrayList<>(consumer.partitionsFor(topic));
        assigned.forEach(partition -> next.put(partition, 0L));
        consumer.assign(assigned);
    }

    String name() {
        return name;
    }

    /** Ends {@link #run} once so many records have come. */
    void finishAfter(long records) {
        until = records;
    }

    long seen() {
        return seen.get();
    }

    @Override
    public void run() {
        try (consumer) {
            while (seen.get() < until) {
                poll();
            }
        }
    }

    private void poll() {
        try {
            consumer.poll(POLL).forEach(this::take);
        } catch (RetriableException passing) {
            // Neither server nor database may be there; the position has not moved.
            Thread.onSpinWait();
        }
    }

    private void take(ConsumerRecord<String, String> record) {
        TopicPartition partition = new TopicPartition(record.topic(), record.partition());
        assertThat(record.offset()).as("the next offset of %s", partition).isEqualTo(next.get(partition));
        next.put(partition, record.offset() + 1);
        EventWriter.Stamp stamp = EventWriter.Stamp.of(record.headers().get(0).value());
        Events.Event event = events.at(stamp.number() + 1_000L * stamp.writer());
        assertThat(record.value()).isEqualTo(event.json());
        assertThat(record.key()).isEqualTo(event.key());
        Integer before = lastNumber.put(stamp.writer() + "/" + record.partition(), stamp.number());
        assertThat(before == null ? -1 : before)
                .as("what writer %d sent to partition %d before %d", stamp.writer(), record.partition(), stamp.number())
                .isLessThan(stamp.number());
        places.computeIfAbsent(stamp.writer(), unused -> new HashMap<>())
                .put(stamp.number(), record.partition() + "@" + record.offset());
        seen.incrementAndGet();
        recoveries.through(name, stamp.sentNanos());
    }

    /** Once {@link #run} has ended: where each of a writer's records was. */
    Map<Integer, String> places(int writer) {
        return places.getOrDefault(writer, Map.of());
    }
}
