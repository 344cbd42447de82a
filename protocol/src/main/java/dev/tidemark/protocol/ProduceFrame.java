package dev.tidemark.protocol;

import java.util.ArrayList;
import java.util.List;

/**
 * The binary body of a produce request ({@link MediaTypes#RECORDS_V1}): batches for partitions of one topic, each with its own outcome.
 *
 * <pre>
 * int32 number of batches, then for each
 *   int32 partition
 *   int64 producer id (-1: none)
 *   int16 producer epoch
 *   int32 base sequence
 *   int32 number of records
 *   int32 length in bytes of the records
 *         the records, each laid out as {@link RecordLayout} says
 * </pre>
 *
 * Integers are big-endian. The records of a batch are a slice of the body; nothing is copied.
 */
public final class ProduceFrame {
    /** Bytes before the first batch. */
    public static final int HEADER_BYTES = 4;

    /** Bytes of a batch before its records. */
    public static final int BATCH_HEADER_BYTES = 4 + 8 + 2 + 4 + 4 + 4;

    public static final long NO_PRODUCER_ID = -1;

    /** Batches in a request at the most: as many as a topic may have partitions. */
    public static final int MAX_BATCHES = 10_000;

    private ProduceFrame() {}

    /**
     * One batch of a request.
     *
     * @param bytes the array the records lie in, from {@code at} for {@code length} bytes
     */
    public record Batch(
            int partition,
            long producerId,
            short producerEpoch,
            int baseSequence,
            int recordCount,
            byte[] bytes,
            int at,
            int length) {}

    /** Writes the request's head: {@link #HEADER_BYTES} bytes. */
    public static void writeHeader(byte[] bytes, int at, int batchCount) {
        RecordLayout.putInt(bytes, at, batchCount);
    }

    /** Writes a batch's head: {@link #BATCH_HEADER_BYTES} bytes, before its records. */
    public static void writeBatchHeader(
            byte[] bytes,
            int at,
            int partition,
            long producerId,
            short producerEpoch,
            int baseSequence,
            int recordCount,
            int length) {
        RecordLayout.putInt(bytes, at, partition);
        RecordLayout.putLong(bytes, at + 4, producerId);
        RecordLayout.putShort(bytes, at + 12, producerEpoch);
        RecordLayout.putInt(bytes, at + 14, baseSequence);
        RecordLayout.putInt(bytes, at + 18, recordCount);
        RecordLayout.putInt(bytes, at + 22, length);
    }

    /**
     * Reads the batches of a request. Checks the frame, not the records in it.
     *
     * @throws ApiException INVALID_REQUEST when the frame is cut off, has bytes left over, or counts that cannot be or are not accepted
     */
    public static List<Batch> read(byte[] bytes, int length) {
        if (length < HEADER_BYTES) {
            throw new ApiException(ErrorCode.INVALID_REQUEST, "the body is cut off: it has no number of batches");
        }
        int count = RecordLayout.getInt(bytes, 0);
        if (count < 1 || count > (length - HEADER_BYTES) / BATCH_HEADER_BYTES) {
            throw new ApiException(
                    ErrorCode.INVALID_REQUEST,
                    "the body says it holds " + count + " batches but has " + length + " bytes");
        }
        if (count > MAX_BATCHES) {
            throw new ApiException(
                    ErrorCode.INVALID_REQUEST,
                    "the body holds " + count + " batches; at most " + MAX_BATCHES + " are read in a request");
        }
        List<Batch> batches = new ArrayList<>(count);
        int at = HEADER_BYTES;
        for (int i = 0; i < count; i++) {
            Batch batch = readBatch(bytes, length, at, i);
            batches.add(batch);
            at = batch.at() + batch.length();
        }
        if (at != length) {
            throw new ApiException(
                    ErrorCode.INVALID_REQUEST, "the body has " + (length - at) + " bytes after its last batch");
        }
        return batches;
    }

    static Batch readBatch(byte[] bytes, int end, int at, int index) {
        if (end - at < BATCH_HEADER_BYTES) {
            throw new ApiException(ErrorCode.INVALID_REQUEST, "the body is cut off in the head of batch " + index);
        }
        int recordCount = RecordLayout.getInt(bytes, at + 18);
        int length = RecordLayout.getInt(bytes, at + 22);
        int recordsAt = at + BATCH_HEADER_BYTES;
        if (length < 0 || length > end - recordsAt) {
            throw new ApiException(
                    ErrorCode.INVALID_REQUEST,
                    "batch " + index + " says it has " + length + " bytes but " + (end - recordsAt) + " are left");
        }
        if (recordCount < 1 || recordCount > length / RecordLayout.OVERHEAD_BYTES) {
            throw new ApiException(
                    ErrorCode.INVALID_REQUEST,
                    "batch " + index + " says it has " + recordCount + " records in " + length + " bytes");
        }
        return new Batch(
                RecordLayout.getInt(bytes, at),
                RecordLayout.getLong(bytes, at + 4),
                RecordLayout.getShort(bytes, at + 12),
                RecordLayout.getInt(bytes, at + 14),
                recordCount,
                bytes,
                recordsAt,
                length);
    }
}
