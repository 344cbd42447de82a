package dev.tidemark.protocol.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Body of {@code POST /v1/groups/{group}/members/{member}/heartbeat}.
 *
 * @param generationId the last one the member was told
 * @param owned the partitions it reads right now
 * @param groupInstanceId of a static member, so that one that was replaced is told so however long ago it was
 */
public record HeartbeatRequest(
        int generationId,
        List<PartitionName> owned,
        @Nullable String groupInstanceId) {}
