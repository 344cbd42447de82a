package dev.tidemark.client;

import dev.tidemark.protocol.Header;
import dev.tidemark.protocol.HeaderCodec;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A record that was read. Immutable but for what the key and value themselves allow. */
public final class ConsumerRecord<K, V> {
    private final TopicPartition topicPartition;
    private final long offset;
    private final long timestamp;
    private final @Nullable K key;
    private final @Nullable V value;
    private final byte @Nullable [] headersJson;

    ConsumerRecord(
            TopicPartition topicPartition,
            long offset,
            long timestamp,
            @Nullable K key,
            @Nullable V value,
            byte @Nullable [] headersJson) {
        this.topicPartition = topicPartition;
        this.offset = offset;
        this.timestamp = timestamp;
        this.key = key;
        this.value = value;
        this.headersJson = headersJson;
    }

    public String topic() {
        return topicPartition.topic();
    }

    public int partition() {
        return topicPartition.partition();
    }

    public TopicPartition topicPartition() {
        return topicPartition;
    }

    public long offset() {
        return offset;
    }

    /** Milliseconds since 1970-01-01T00:00Z. */
    public long timestamp() {
        return timestamp;
    }

    public @Nullable K key() {
        return key;
    }

    /** Null is a tombstone. */
    public @Nullable V value() {
        return value;
    }

    /** In the order they were sent, repeated names included; empty when there are none. Decoded at each call. */
    public List<Header> headers() {
        return headersJson == null ? List.of() : HeaderCodec.decode(headersJson, 0, headersJson.length);
    }

    @Override
    public String toString() {
        return "ConsumerRecord[" + topicPartition + " offset=" + offset + ", timestamp=" + timestamp + ", key=" + key
                + ", value=" + value + "]";
    }
}
