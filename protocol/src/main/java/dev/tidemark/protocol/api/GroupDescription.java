package dev.tidemark.protocol.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Answer of {@code GET /v1/groups/{group}}. @param assignor null without members */
public record GroupDescription(
        String groupId,
        String state,
        int generationId,
        @Nullable String assignor,
        List<GroupMemberDescription> members,
        List<GroupPartitionDescription> partitions) {}
