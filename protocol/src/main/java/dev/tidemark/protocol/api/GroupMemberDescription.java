package dev.tidemark.protocol.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A member of a group. @param assignments the partitions it owns @param joinedAt RFC 3339 */
public record GroupMemberDescription(
        String memberId,
        @Nullable String groupInstanceId,
        @Nullable String clientId,
        String principal,
        String joinedAt,
        int sessionTimeoutMs,
        @Nullable List<String> topics,
        @Nullable String pattern,
        List<PartitionName> assignments) {}
