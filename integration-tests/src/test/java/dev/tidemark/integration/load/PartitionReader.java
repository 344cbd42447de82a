package dev.tidemark.integration.load;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.client.AutoOffsetReset;
import dev.tidemark.client.ConsumerRecord;
import dev.tidemark.client.Deserializers;
import dev.tidemark.client.TidemarkConsumer;
import dev.tidemark.client.TopicPartition;
import dev.tidemark.integration.server.Soak;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/** Reads a topic from its beginning, checking that every partition's offsets are dense. */
public final class PartitionReader {
    private static final Duration POLL = Duration.ofMillis(200);

    private PartitionReader() {}

    /** Reads until the log end that is there once {@code done} says so; the values by partition. */
    public static List<List<String>> readUntil(String server, String topic, BooleanSupplier done) {
        try (TidemarkConsumer<byte[], String> consumer = TidemarkConsumer.builder()
                .servers(server)
                .valueDeserializer(Deserializers.text())
                .autoOffsetReset(AutoOffsetReset.EARLIEST)
                .build()) {
            List<TopicPartition> assigned = consumer.partitionsFor(topic);
            consumer.assign(assigned);
            List<List<String>> values = new ArrayList<>();
            assigned.forEach(partition -> values.add(new ArrayList<>()));
            long deadline = System.nanoTime() + Soak.patience().toNanos();
            boolean last = false;
            while (!last || isBehind(consumer, assigned, values)) {
                last = last || done.getAsBoolean();
                consumer.poll(POLL).forEach(record -> add(record, values.get(record.partition())));
                assertThat(System.nanoTime()).as("the reader's patience").isLessThan(deadline);
            }
            return values;
        }
    }

    private static void add(ConsumerRecord<byte[], String> record, List<String> values) {
        assertThat(record.offset())
                .as("the offset after %d in partition %d", values.size() - 1, record.partition())
                .isEqualTo(values.size());
        values.add(record.value());
    }

    private static boolean isBehind(
            TidemarkConsumer<byte[], String> consumer, List<TopicPartition> assigned, List<List<String>> values) {
        return consumer.endOffsets(assigned).entrySet().stream()
                .anyMatch(end -> values.get(end.getKey().partition()).size() < end.getValue());
    }
}
