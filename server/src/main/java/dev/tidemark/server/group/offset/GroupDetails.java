package dev.tidemark.server.group.offset;

import dev.tidemark.protocol.api.PartitionName;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A group with its members and partitions, read one after the other: while it is rebalanced they need not fit together. */
public record GroupDetails(
        String name,
        String state,
        int generationId,
        @Nullable String assignor,
        List<Member> members,
        List<Progress> partitions) {
    public GroupDetails {
        members = List.copyOf(members);
        partitions = List.copyOf(partitions);
    }

    /** @param assignments what it owns and is to own */
    public record Member(
            String memberId,
            @Nullable String groupInstanceId,
            @Nullable String clientId,
            String principal,
            long joinedAtMs,
            int sessionTimeoutMs,
            @Nullable List<String> topics,
            @Nullable String pattern,
            List<PartitionName> assignments) {}

    /** How far the group is in a partition. @param ownerMemberId who may have left and still hold it up */
    public record Progress(
            String group,
            String topic,
            int partition,
            @Nullable String ownerMemberId,
            @Nullable Long committedOffset,
            @Nullable String metadata,
            @Nullable Long committedAtMs,
            long logStartOffset,
            long logEndOffset,
            @Nullable Long lag,
            @Nullable Long lagMs) {}
}
