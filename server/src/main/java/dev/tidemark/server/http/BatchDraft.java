package dev.tidemark.server.http;

import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.protocol.RecordLayout;
import java.util.Arrays;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** A batch that grows by one record at a time, each laid out as {@link RecordLayout} says. */
final class BatchDraft {
    private static final int FIRST_BYTES = 512;

    /** How many times less than what is in a finished batch's array its unused rest may be. */
    private static final int SPARE = 8;

    private final int partition;
    private final LongConsumer memory;
    private byte[] bytes;
    private int length;
    private int recordCount;
    private int[] requestIndexes = new int[16];

    /** @param memory told how many bytes are about to be taken; throws when there are not as many */
    BatchDraft(int partition, LongConsumer memory) {
        this.partition = partition;
        this.memory = memory;
        memory.accept(FIRST_BYTES);
        this.bytes = new byte[FIRST_BYTES];
    }

    int partition() {
        return partition;
    }

    int length() {
        return length;
    }

    int recordCount() {
        return recordCount;
    }

    /** Where in the request the record at that place of the batch stood. */
    int requestIndex(int place) {
        return requestIndexes[place];
    }

    /** @return the record's place in the batch */
    int append(int requestIndex, RecordDraft record) {
        byte[] headers = record.headers;
        reserve(RecordLayout.size(record.key.length(), record.value.length(), headers == null ? -1 : headers.length));
        int at = RecordLayout.writeFixedPart(bytes, length, recordCount, record.timestampMs, partition);
        at = writePart(at, record.key);
        at = writePart(at, record.value);
        at = RecordLayout.writePart(bytes, at, headers);
        length = RecordLayout.writePart(bytes, at, null);
        if (recordCount == requestIndexes.length) {
            requestIndexes = Arrays.copyOf(requestIndexes, recordCount * 2);
        }
        requestIndexes[recordCount] = requestIndex;
        return recordCount++;
    }

    private int writePart(int at, RecordDraft.Part part) {
        if (part.isNull()) {
            return RecordLayout.writePart(bytes, at, null);
        }
        int written = part.writeTo(bytes, at + 4);
        RecordLayout.putInt(bytes, at, written);
        return at + 4 + written;
    }

    private void reserve(int more) {
        if (bytes.length - length < more) {
            int capacity = Math.max(length + more, 2 * bytes.length);
            memory.accept(capacity - bytes.length);
            bytes = Arrays.copyOf(bytes, capacity);
        }
    }

    ProduceFrame.Batch batch(@Nullable Producer producer, int baseSequence) {
        if (bytes.length - length > length / SPARE) {
            // The log keeps the array, and counts only what is in it.
            bytes = Arrays.copyOf(bytes, length);
        }
        return new ProduceFrame.Batch(
                partition,
                producer == null ? ProduceFrame.NO_PRODUCER_ID : producer.id(),
                producer == null ? -1 : producer.epoch(),
                baseSequence,
                recordCount,
                bytes,
                0,
                length);
    }

    /** Who sends, where the request says so. */
    record Producer(long id, short epoch) {}
}
