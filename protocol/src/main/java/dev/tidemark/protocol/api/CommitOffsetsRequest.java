package dev.tidemark.protocol.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Body of {@code POST /v1/groups/{group}/offsets}. Member and generation are absent together, for a group without members. */
public record CommitOffsetsRequest(
        @Nullable String memberId, @Nullable Integer generationId, List<OffsetToCommit> offsets) {}
