package dev.tidemark.server.log.append;

import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.server.topic.Topic;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A batch whose records may go into its topic's table as they are.
 *
 * @param principal who appends it
 * @param minTimestampMs null where the topic stamps records itself
 * @param storedBytes what the rows take, about
 * @param leastStoredBytes what the rows take in the leaf's own file at the least: large values lie elsewhere
 */
record CheckedBatch(
        Topic topic,
        int partitionId,
        ProduceFrame.Batch frame,
        String principal,
        @Nullable Long minTimestampMs,
        @Nullable Long maxTimestampMs,
        long storedBytes,
        long leastStoredBytes) {

    /** The same, with its records copied into an array that holds nothing else. */
    CheckedBatch inAnArrayOfItsOwn() {
        byte[] own = Arrays.copyOfRange(frame.bytes(), frame.at(), frame.at() + frame.length());
        ProduceFrame.Batch moved = new ProduceFrame.Batch(
                frame.partition(),
                frame.producerId(),
                frame.producerEpoch(),
                frame.baseSequence(),
                frame.recordCount(),
                own,
                0,
                own.length);
        return new CheckedBatch(
                topic, partitionId, moved, principal, minTimestampMs, maxTimestampMs, storedBytes, leastStoredBytes);
    }

    int recordCount() {
        return frame.recordCount();
    }

    boolean isIdempotent() {
        return frame.producerId() != ProduceFrame.NO_PRODUCER_ID;
    }

    double averageStoredBytes() {
        return (double) storedBytes / recordCount();
    }
}
