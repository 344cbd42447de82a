package dev.tidemark.cli;

import dev.tidemark.client.ProducerRecord;
import dev.tidemark.protocol.Header;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A record read from a line.
 *
 * @param partition null: chosen by the key
 * @param timestampMs milliseconds since 1970-01-01T00:00Z; null: now
 */
record InputRecord(
        @Nullable Integer partition,
        @Nullable Long timestampMs,
        byte @Nullable [] key,
        byte @Nullable [] value,
        List<Header> headers) {

    static InputRecord of(byte @Nullable [] key, byte[] value) {
        return new InputRecord(null, null, key, value, List.of());
    }

    /** @throws BadLine when the partition or timestamp is below 0 */
    ProducerRecord<byte[], byte[]> to(String topic) throws BadLine {
        try {
            return new ProducerRecord<>(topic, partition, timestampMs, key, value, headers);
        } catch (IllegalArgumentException e) {
            throw new BadLine(String.valueOf(e.getMessage()));
        }
    }
}
