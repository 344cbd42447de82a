package dev.tidemark.server.log.fetch;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.log.tail.Slice;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a fetch read from one partition.
 *
 * @param error null when the partition was read
 * @param detail empty when there is no error
 * @param lastStableOffset equal to the high watermark while there are no Kafka transactions
 * @param nextOffset where to go on
 * @param slices the records in offset order, laid out as {@link dev.tidemark.protocol.RecordLayout} says; shared, never to be written to
 */
public record PartitionRecords(
        String topic,
        int partition,
        @Nullable ErrorCode error,
        String detail,
        long logStartOffset,
        long highWatermark,
        long lastStableOffset,
        int leaderEpoch,
        long nextOffset,
        int recordCount,
        List<Slice> slices) {

    /** Of the records. */
    public int byteCount() {
        int bytes = 0;
        for (Slice slice : slices) {
            bytes = Math.addExact(bytes, slice.length());
        }
        return bytes;
    }
}
