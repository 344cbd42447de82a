package dev.tidemark.client;

import dev.tidemark.protocol.Header;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A record to send.
 *
 * @param partition null: the partitioner decides (by key; without a key any partition, switching when a batch is full)
 * @param timestamp milliseconds since 1970-01-01T00:00Z; null: the time of {@code send}
 * @param value null is a tombstone
 * @param headers in order; names may repeat
 */
public record ProducerRecord<K, V>(
        String topic,
        @Nullable Integer partition,
        @Nullable Long timestamp,
        @Nullable K key,
        @Nullable V value,
        List<Header> headers) {
    public ProducerRecord {
        Objects.requireNonNull(topic, "topic");
        headers = List.copyOf(headers);
        if (partition != null && partition < 0) {
            throw new IllegalArgumentException("partition must be 0 or more, not " + partition);
        }
        if (timestamp != null && timestamp < 0) {
            throw new IllegalArgumentException("timestamp must be 0 or more, not " + timestamp);
        }
    }

    public ProducerRecord(String topic, @Nullable V value) {
        this(topic, null, null, null, value, List.of());
    }

    public ProducerRecord(String topic, @Nullable K key, @Nullable V value) {
        this(topic, null, null, key, value, List.of());
    }

    public ProducerRecord(String topic, @Nullable K key, @Nullable V value, List<Header> headers) {
        this(topic, null, null, key, value, headers);
    }

    public ProducerRecord(String topic, @Nullable Integer partition, @Nullable K key, @Nullable V value) {
        this(topic, partition, null, key, value, List.of());
    }

    public ProducerRecord(
            String topic, @Nullable Integer partition, @Nullable Long timestamp, @Nullable K key, @Nullable V value) {
        this(topic, partition, timestamp, key, value, List.of());
    }
}
