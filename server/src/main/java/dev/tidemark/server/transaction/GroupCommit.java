package dev.tidemark.server.transaction;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Offsets a consumer group is to have committed.
 *
 * @param memberId who commits, and {@code generationId} the generation it knows; null where the group has no members
 */
public record GroupCommit(
        String groupId, @Nullable String memberId, @Nullable Integer generationId, List<Offset> offsets) {
    public GroupCommit {
        offsets = List.copyOf(offsets);
    }

    /**
     * Where the group goes on in a partition.
     *
     * @param committedOffset the offset of the next record to read
     * @param leaderEpoch of the last record read, where that is known
     * @param metadata whatever the consumer wants kept with it
     */
    public record Offset(
            String topic,
            int partition,
            long committedOffset,
            @Nullable Integer leaderEpoch,
            @Nullable String metadata) {}
}
