package dev.tidemark.protocol.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Body of {@code POST /v1/groups/{group}/offsets}. Member and generation are absent together, for a group without members.
 *
 * @param offsets from 1 to {@link #MAX_OFFSETS}, each of another partition
 */
public record CommitOffsetsRequest(
        @Nullable String memberId, @Nullable Integer generationId, List<OffsetToCommit> offsets) {
    /** In one request: each takes an entry in PostgreSQL's lock table, which has room for some 7,000 of everybody's. */
    public static final int MAX_OFFSETS = 1_000;
}
