package dev.tidemark.server.group.offset;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.PartitionName;
import dev.tidemark.server.group.GroupNames;
import java.util.HashSet;
import java.util.List;

/**
 * Offsets of a group without members that are to be set.
 *
 * @param partitions each once; of topics that may not exist
 * @param dryRun whether only to say what would become of it
 * @param principal who asks
 */
public record OffsetReset(String group, List<PartitionName> partitions, Target to, boolean dryRun, String principal) {
    /** As many as a topic may have. */
    private static final int MAX_PARTITIONS = 10_000;

    public OffsetReset {
        GroupNames.requireLegalGroup(group);
        partitions = List.copyOf(partitions);
        if (partitions.size() > MAX_PARTITIONS) {
            throw new ApiException(
                    ErrorCode.INVALID_REQUEST,
                    "at most " + MAX_PARTITIONS + " partitions are reset together, not " + partitions.size());
        }
        if (new HashSet<>(partitions).size() < partitions.size()) {
            throw new ApiException(ErrorCode.INVALID_REQUEST, "a partition is named twice");
        }
    }

    /** Where to; whatever it is, no further than the ends of the log. */
    public sealed interface Target {
        /** The log start. */
        record Earliest() implements Target {}

        /** The log end. */
        record Latest() implements Target {}

        /** The first record at or after a time, in milliseconds since 1970; the log end when there is none. */
        record Time(long timestampMs) implements Target {}

        record Offset(long offset) implements Target {}

        /** So many records forward, or back, from the committed offset, which there has to be. */
        record Shift(long by) implements Target {}
    }
}
