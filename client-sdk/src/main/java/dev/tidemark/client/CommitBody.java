package dev.tidemark.client;

import dev.tidemark.protocol.api.OffsetToCommit;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a transaction's request says of a group's offsets. */
record CommitBody(
        String group,
        @Nullable String memberId,
        @Nullable Integer generationId,
        @Nullable Long commitNumber,
        List<OffsetToCommit> offsets) {
    static CommitBody of(GroupOffsets offsets) {
        // With partitions assigned by hand nobody is a member.
        boolean ofAMember = !offsets.memberId().isEmpty();
        return new CommitBody(
                offsets.groupId(),
                ofAMember ? offsets.memberId() : null,
                ofAMember ? offsets.generationId() : null,
                ofAMember ? offsets.commitNumber() : null,
                offsets(offsets.offsets()));
    }

    /** Offsets as any request has them that commits some. */
    static List<OffsetToCommit> offsets(Map<TopicPartition, OffsetAndMetadata> offsets) {
        return offsets.entrySet().stream()
                .map(entry -> offset(entry.getKey(), entry.getValue()))
                .toList();
    }

    private static OffsetToCommit offset(TopicPartition partition, OffsetAndMetadata committed) {
        return new OffsetToCommit(
                partition.topic(),
                partition.partition(),
                committed.offset(),
                committed.leaderEpoch(),
                committed.metadata().isEmpty() ? null : committed.metadata());
    }
}
