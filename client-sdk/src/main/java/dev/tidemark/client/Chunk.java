package dev.tidemark.client;

import dev.tidemark.protocol.RecordLayout;
import org.jspecify.annotations.Nullable;

/** A piece of the producer's memory that records are written into, one after the other. A record lies in one chunk whole. */
final class Chunk {
    final byte[] bytes;

    /** How much of the pool's bound it stands for. */
    final int reserved;

    /** Where the next record goes. */
    int end;

    Chunk(byte[] bytes, int reserved) {
        this.bytes = bytes;
        this.reserved = reserved;
    }

    boolean hasRoom(int size) {
        return bytes.length - end >= size;
    }

    /** Writes a record behind the others; there must be room. */
    void append(
            int indexInBatch,
            long timestampMs,
            int partition,
            byte @Nullable [] key,
            byte @Nullable [] value,
            byte @Nullable [] headers) {
        int at = RecordLayout.writeFixedPart(bytes, end, indexInBatch, timestampMs, partition);
        at = RecordLayout.writePart(bytes, at, key);
        at = RecordLayout.writePart(bytes, at, value);
        at = RecordLayout.writePart(bytes, at, headers);
        end = RecordLayout.writePart(bytes, at, null);
    }
}
