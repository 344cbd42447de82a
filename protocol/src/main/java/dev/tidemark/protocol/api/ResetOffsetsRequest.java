package dev.tidemark.protocol.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Body of {@code POST /v1/groups/{group}/offsets/reset}: exactly one of {@code to}, {@code toOffset} and {@code shiftBy}.
 *
 * @param topics all partitions of these; with neither these nor partitions, all that the group has committed
 * @param to earliest, latest, or a time (RFC 3339): the first record at or after it
 * @param dryRun whether only to say what would become of it
 */
public record ResetOffsetsRequest(
        @Nullable List<String> topics,
        @Nullable List<PartitionName> partitions,
        @Nullable String to,
        @Nullable Long toOffset,
        @Nullable Long shiftBy,
        boolean dryRun) {}
