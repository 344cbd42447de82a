package dev.tidemark.protocol.api;

import java.util.List;

/** Answer of {@code POST /v1/groups/{group}/offsets}: what is committed now. */
public record CommitOffsetsResult(List<PartitionCommit> offsets) {
    /** The offset committed in one partition. */
    public record PartitionCommit(String topic, int partition, long committedOffset) {}
}
