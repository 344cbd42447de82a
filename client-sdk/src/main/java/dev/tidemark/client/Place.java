package dev.tidemark.client;

import dev.tidemark.protocol.api.PartitionOffset;
import org.jspecify.annotations.Nullable;

/**
 * A partition at the place it was when the server was asked: an answer counts only if it is still there.
 *
 * @param offset where to read on; only when there is a position
 * @param resetTo where to take a position from
 * @param atCommitted whether to take the group's committed offset for the position, and {@code resetTo} only where there is none
 */
record Place(
        ConsumerPartition partition,
        int moves,
        long offset,
        @Nullable OffsetSpec resetTo,
        boolean atCommitted) {
    boolean isStill() {
        return partition.moves == moves;
    }

    TopicPartition topicPartition() {
        return partition.topicPartition;
    }

    PartitionOffset request() {
        return new PartitionOffset(topicPartition().topic(), topicPartition().partition(), offset);
    }
}
