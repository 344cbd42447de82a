package dev.tidemark.client;

import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A group member's offsets, to be committed together with something else: with records, by a producer's transaction.
 *
 * @param generationId the last one the member was told
 * @param commitNumber greater than those of the member's earlier commits: the offsets are passed over in partitions in which one of the member's with a greater
 *     number counts already, so that a commit that is carried out late takes nothing back. Null: as if there were no such numbers
 */
public record GroupOffsets(
        String groupId,
        String memberId,
        int generationId,
        @Nullable Long commitNumber,
        Map<TopicPartition, OffsetAndMetadata> offsets) {
    public GroupOffsets {
        Objects.requireNonNull(groupId, "groupId");
        Objects.requireNonNull(memberId, "memberId");
        offsets = Map.copyOf(offsets);
    }

    /** Without a number. */
    public GroupOffsets(
            String groupId, String memberId, int generationId, Map<TopicPartition, OffsetAndMetadata> offsets) {
        this(groupId, memberId, generationId, null, offsets);
    }
}
