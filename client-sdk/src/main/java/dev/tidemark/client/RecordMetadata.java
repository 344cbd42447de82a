package dev.tidemark.client;

/**
 * Where an acknowledged record lies.
 *
 * @param offset -1 with {@link Acks#NONE}
 * @param timestamp milliseconds since 1970-01-01T00:00Z: the record's own, or the time of the append in a topic with {@code message.timestamp.type=LogAppendTime}
 */
public record RecordMetadata(String topic, int partition, long offset, long timestamp) {
    public boolean hasOffset() {
        return offset >= 0;
    }
}
