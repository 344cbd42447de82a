package dev.tidemark.client;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A group's offsets as a request has them. */
record CommitBody(String group, String memberId, int generationId, List<Offset> offsets) {
    record Offset(
            String topic,
            int partition,
            long committedOffset,
            @Nullable Integer leaderEpoch,
            @Nullable String metadata) {}

    static CommitBody of(GroupOffsets offsets) {
        return new CommitBody(
                offsets.groupId(),
                offsets.memberId(),
                offsets.generationId(),
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
