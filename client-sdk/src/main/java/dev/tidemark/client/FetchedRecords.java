package dev.tidemark.client;

import dev.tidemark.protocol.FetchFrame;
import dev.tidemark.protocol.RecordLayout;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A partition's part of a fetch answer, decoded piece by piece as the application polls. Belongs to the polling thread once taken. */
final class FetchedRecords {
    private final TopicPartition partition;
    private final byte[] bytes;
    private final int end;
    private final long nextOffset;
    private final int size;
    private final int leaderEpoch;
    private int recordsLeft;
    private int at;
    private long position;

    FetchedRecords(TopicPartition partition, FetchFrame.Section section, long from) {
        this.partition = partition;
        this.bytes = section.bytes();
        this.at = section.at();
        this.end = section.at() + section.header().length();
        this.size = section.header().length();
        this.leaderEpoch = section.header().leaderEpoch();
        this.nextOffset = section.header().nextOffset();
        this.recordsLeft = section.header().recordCount();
        this.position = from;
    }

    /** Bytes it was when it came. */
    int size() {
        return size;
    }

    int leaderEpoch() {
        return leaderEpoch;
    }

    /** The offset to go on at: of the next record, or of what follows the last. */
    long position() {
        return position;
    }

    /** Records not looked at yet, the log's own marks among them. */
    int recordsLeft() {
        return recordsLeft;
    }

    boolean isDone() {
        return at >= end;
    }

    /**
     * Decodes the next records, at most so many.
     *
     * @throws SerializationException at a record that cannot be decoded; the position stays there
     */
    <K, V> void decode(int max, Deserializer<K> keys, Deserializer<V> values, List<ConsumerRecord<K, V>> into) {
        for (int left = max; left > 0 && at < end; ) {
            long offset = RecordLayout.offset(bytes, at);
            int keyAt = at + RecordLayout.KEY_LENGTH_AT;
            int valueAt = RecordLayout.skip(bytes, keyAt);
            int headersAt = RecordLayout.skip(bytes, valueAt);
            int attributesAt = RecordLayout.skip(bytes, headersAt);
            // Records with attributes are the log's own marks, not the application's.
            position = Math.max(position, offset);
            if (offset == position && RecordLayout.isNull(bytes, attributesAt)) {
                into.add(new ConsumerRecord<>(
                        partition,
                        offset,
                        RecordLayout.timestampMs(bytes, at),
                        part(keys, keyAt, offset, "key"),
                        part(values, valueAt, offset, "value"),
                        copy(headersAt)));
                left--;
            }
            position = Math.max(position, offset + 1);
            at = RecordLayout.skip(bytes, attributesAt);
            recordsLeft--;
        }
        if (at >= end) {
            position = Math.max(position, nextOffset);
        }
    }

    private <T> @Nullable T part(Deserializer<T> deserializer, int lengthAt, long offset, String what) {
        int length = RecordLayout.getInt(bytes, lengthAt);
        if (length < 0) {
            return null;
        }
        try {
            return deserializer.deserialize(partition.topic(), bytes, lengthAt + 4, length);
        } catch (RuntimeException e) {
            throw new SerializationException(
                    partition,
                    offset,
                    "the " + what + " of " + partition + " offset " + offset + ": " + e.getMessage(),
                    e);
        }
    }

    private byte @Nullable [] copy(int lengthAt) {
        int length = RecordLayout.getInt(bytes, lengthAt);
        return length < 0 ? null : Arrays.copyOfRange(bytes, lengthAt + 4, lengthAt + 4 + length);
    }
}
