package dev.tidemark.client;

import java.util.Map;
import java.util.Objects;

/**
 * A group member's offsets, to be committed together with something else: with records, by a producer's transaction.
 *
 * @param generationId the last one the member was told
 */
public record GroupOffsets(
        String groupId, String memberId, int generationId, Map<TopicPartition, OffsetAndMetadata> offsets) {
    public GroupOffsets {
        Objects.requireNonNull(groupId, "groupId");
        Objects.requireNonNull(memberId, "memberId");
        offsets = Map.copyOf(offsets);
    }
}
