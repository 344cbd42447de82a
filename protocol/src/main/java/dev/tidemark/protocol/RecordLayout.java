package dev.tidemark.protocol;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * How one record lies in bytes, on the wire and on its way into and out of PostgreSQL: a tuple of PostgreSQL's binary COPY format with seven fields.
 *
 * <p>Using COPY's own format means that a record is encoded once, in the producer, and decoded once, in the consumer. The server only checks it and
 * writes the offset (and where asked the timestamp) into its fixed place.
 *
 * <pre>
 * at  bytes  what
 *  0      2  7, the number of fields
 *  2   4+ 8  record_offset: in a produce request the record's place in its batch, from 0
 * 14   4+ 8  timestamp: microseconds since 2000-01-01T00:00Z; always whole milliseconds
 * 26   4+ 4  partition
 * 34   4+ n  key: length -1 is null
 *      4+ n  value: length -1 is null (a tombstone)
 *      4+ n  headers: JSON text, an array of [name, value] pairs (see {@link HeaderCodec}); length -1 when there are none
 *      4     attributes: length -1 for a plain record
 * </pre>
 *
 * Integers are big-endian. Format: PostgreSQL documentation, COPY, "Binary Format".
 */
public final class RecordLayout {
    public static final int FIELD_COUNT = 7;

    public static final int OFFSET_AT = 6;
    public static final int TIMESTAMP_AT = 18;
    public static final int PARTITION_AT = 30;
    public static final int KEY_LENGTH_AT = 34;

    /** Bytes of a record beside its key, value and headers. */
    public static final int OVERHEAD_BYTES = KEY_LENGTH_AT + 4 + 4 + 4 + 4;

    /** 2000-01-01T00:00Z, PostgreSQL's epoch, in milliseconds since 1970-01-01T00:00Z. */
    private static final long POSTGRES_EPOCH_MS = 946_684_800_000L;

    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private RecordLayout() {}

    /** The encoded size of a record; pass -1 for a part that is null. */
    public static int size(int keyLength, int valueLength, int headersLength) {
        return OVERHEAD_BYTES + Math.max(keyLength, 0) + Math.max(valueLength, 0) + Math.max(headersLength, 0);
    }

    /**
     * Writes a record's fixed part: everything before the key's length.
     *
     * @return the position of the key's length, where the caller goes on
     */
    public static int writeFixedPart(byte[] bytes, int at, long offset, long timestampMs, int partition) {
        SHORT.set(bytes, at, (short) FIELD_COUNT);
        INT.set(bytes, at + 2, Long.BYTES);
        LONG.set(bytes, at + OFFSET_AT, offset);
        INT.set(bytes, at + 14, Long.BYTES);
        LONG.set(bytes, at + TIMESTAMP_AT, toPostgresMicros(timestampMs));
        INT.set(bytes, at + 26, Integer.BYTES);
        INT.set(bytes, at + PARTITION_AT, partition);
        return at + KEY_LENGTH_AT;
    }

    /** Whether the fixed part at that place has the shape {@link #writeFixedPart} gives it; 34 bytes must be there. */
    public static boolean hasFixedPart(byte[] bytes, int at) {
        return getShort(bytes, at) == FIELD_COUNT
                && getInt(bytes, at + 2) == Long.BYTES
                && getInt(bytes, at + 14) == Long.BYTES
                && getInt(bytes, at + 26) == Integer.BYTES;
    }

    public static long offset(byte[] bytes, int at) {
        return getLong(bytes, at + OFFSET_AT);
    }

    public static void setOffset(byte[] bytes, int at, long offset) {
        LONG.set(bytes, at + OFFSET_AT, offset);
    }

    /** Milliseconds since 1970-01-01T00:00Z. */
    public static long timestampMs(byte[] bytes, int at) {
        return toEpochMs(getLong(bytes, at + TIMESTAMP_AT));
    }

    public static void setTimestampMs(byte[] bytes, int at, long timestampMs) {
        LONG.set(bytes, at + TIMESTAMP_AT, toPostgresMicros(timestampMs));
    }

    public static int partition(byte[] bytes, int at) {
        return getInt(bytes, at + PARTITION_AT);
    }

    /** Whether the key, value, headers or attributes whose length stands at that place is null. */
    public static boolean isNull(byte[] bytes, int lengthAt) {
        return getInt(bytes, lengthAt) < 0;
    }

    /** The position after the part whose length stands at {@code lengthAt}. */
    public static int skip(byte[] bytes, int lengthAt) {
        return lengthAt + 4 + Math.max(getInt(bytes, lengthAt), 0);
    }

    /** The position after a well-formed record. */
    public static int end(byte[] bytes, int at) {
        int valueLengthAt = skip(bytes, at + KEY_LENGTH_AT);
        int headersLengthAt = skip(bytes, valueLengthAt);
        return skip(bytes, skip(bytes, headersLengthAt));
    }

    /**
     * Writes one variable part with its length.
     *
     * @return the position after it
     */
    public static int writePart(byte[] bytes, int at, byte @org.jspecify.annotations.Nullable [] part) {
        if (part == null) {
            INT.set(bytes, at, -1);
            return at + 4;
        }
        INT.set(bytes, at, part.length);
        System.arraycopy(part, 0, bytes, at + 4, part.length);
        return at + 4 + part.length;
    }

    public static long toPostgresMicros(long epochMs) {
        return (epochMs - POSTGRES_EPOCH_MS) * 1000;
    }

    public static long toEpochMs(long postgresMicros) {
        return Math.floorDiv(postgresMicros, 1000L) + POSTGRES_EPOCH_MS;
    }

    public static short getShort(byte[] bytes, int at) {
        return (short) SHORT.get(bytes, at);
    }

    public static int getInt(byte[] bytes, int at) {
        return (int) INT.get(bytes, at);
    }

    public static long getLong(byte[] bytes, int at) {
        return (long) LONG.get(bytes, at);
    }

    public static void putInt(byte[] bytes, int at, int value) {
        INT.set(bytes, at, value);
    }

    public static void putShort(byte[] bytes, int at, short value) {
        SHORT.set(bytes, at, value);
    }

    public static void putLong(byte[] bytes, int at, long value) {
        LONG.set(bytes, at, value);
    }
}
