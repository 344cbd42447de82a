package dev.tidemark.client;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A group's offsets as a request has them. */
record CommitBody(
        String group, @Nullable String memberId, @Nullable Integer generationId, List<Offset> offsets) {
    record Offset(
            String topic,
            int partition,
            long committedOffset,
            @Nullable Integer leaderEpoch,
            @Nullable String metadata) {}

    static CommitBody of(GroupOffsets offsets) {
        // With partitions assigned by hand nobody is a member.
        boolean ofAMember = !offsets.memberId().isEmpty();
        return new CommitBody(
                offsets.groupId(),
                ofAMember ? offsets.memberId() : null,
                ofAMember ? offsets.generationId() : null,
                offsets.offsets().entrySet().stream()
                        .map(entry -> offset(entry.getKey(), entry.getValue()))
                        .toList());
    }

    private static Offset offset(TopicPartition partition, OffsetAndMetadata committed) {
        return new Offset(
                partition.topic(),
                partition.partition(),
                committed.offset(),
                committed.leaderEpoch(),
                committed.metadata().isEmpty() ? null : committed.metadata());
    }
}
