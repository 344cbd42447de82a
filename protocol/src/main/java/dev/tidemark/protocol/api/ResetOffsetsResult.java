package dev.tidemark.protocol.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Answer of {@code POST /v1/groups/{group}/offsets/reset}. @param offsets what is committed now, or would be */
public record ResetOffsetsResult(boolean dryRun, List<PartitionReset> offsets) {
    /** One partition. @param previousOffset null when there was none */
    public record PartitionReset(
            String topic, int partition, @Nullable Long previousOffset, long committedOffset) {}
}
