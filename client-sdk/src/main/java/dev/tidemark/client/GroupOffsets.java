package dev.tidemark.client;

import java.util.Map;
import java.util.Objects;

/**
 * Offsets that a member of a consumer group commits.
 *
 * @param memberId who commits, in the generation {@code generationId}: refused when the group has moved on
 * @param offsets where each partition goes on
 */
public record GroupOffsets(
        String groupId, String memberId, int generationId, Map<TopicPartition, OffsetAndMetadata> offsets) {
    public GroupOffsets {
        Objects.requireNonNull(groupId, "groupId");
        Objects.requireNonNull(memberId, "memberId");
        offsets = Map.copyOf(offsets);
    }
}
