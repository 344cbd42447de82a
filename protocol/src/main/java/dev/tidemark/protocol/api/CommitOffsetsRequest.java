package dev.tidemark.protocol.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Body of {@code POST /v1/groups/{group}/offsets}. Member and generation are absent together, for a group without members.
 *
 * @param commitNumber of a member's commits, from 0: each later one's is greater, and a repetition has its first one's. The commit changes nothing in partitions in
 *     which one of the same member with a greater number counts, so one that is carried out late does no harm. Null: not numbered
 * @param offsets from 1 to {@link #MAX_OFFSETS}, each of another partition
 */
public record CommitOffsetsRequest(
        @Nullable String memberId,
        @Nullable Integer generationId,
        @Nullable Long commitNumber,
        List<OffsetToCommit> offsets) {
    /** In one request: each takes an entry in PostgreSQL's lock table, which has room for some 7,000 of everybody's. */
    public static final int MAX_OFFSETS = 1_000;
}
