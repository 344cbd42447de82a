package dev.tidemark.client;

import dev.tidemark.protocol.api.PartitionName;
import dev.tidemark.protocol.api.ResetOffsetsRequest;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where a group's committed offsets are to be moved, and which: those of some {@link #topics topics} or {@link #partitions partitions}, or all the group has committed. A reset stops at the ends of the log. Immutable.
 *
 * <pre>{@code
 * admin.resetOffsets("billing", OffsetReset.to(OffsetSpec.earliest()).topics(Set.of("orders")), false);
 * }</pre>
 */
public final class OffsetReset {
    private final @Nullable String to;
    private final @Nullable Long toOffset;
    private final @Nullable Long shiftBy;
    private final Set<String> topics;
    private final Set<TopicPartition> partitions;

    private OffsetReset(
            @Nullable String to,
            @Nullable Long toOffset,
            @Nullable Long shiftBy,
            Set<String> topics,
            Set<TopicPartition> partitions) {
        this.to = to;
        this.toOffset = toOffset;
        this.shiftBy = shiftBy;
        this.topics = topics;
        this.partitions = partitions;
    }

    /** To the log start, the log end, or the first record at or after a time. */
    public static OffsetReset to(OffsetSpec spec) {
        return new OffsetReset(Offsets.at(spec), null, null, Set.of(), Set.of());
    }

    /** To that offset in each partition. */
    public static OffsetReset toOffset(long offset) {
        if (offset < 0) {
            throw new IllegalArgumentException("offset must be 0 or more, not " + offset);
        }
        return new OffsetReset(null, offset, null, Set.of(), Set.of());
    }

    /** To the first record at or after that time. */
    public static OffsetReset toTime(Instant time) {
        return to(OffsetSpec.atTime(time));
    }

    /** So many records on, or back where it is negative. */
    public static OffsetReset shiftBy(long records) {
        return new OffsetReset(null, null, records, Set.of(), Set.of());
    }

    /** The same for all partitions of these topics, beside the partitions named. */
    public OffsetReset topics(Collection<String> names) {
        return new OffsetReset(to, toOffset, shiftBy, Set.copyOf(names), partitions);
    }

    /** The same for these partitions, beside the topics named. */
    public OffsetReset partitions(Collection<TopicPartition> named) {
        return new OffsetReset(to, toOffset, shiftBy, topics, Set.copyOf(named));
    }

    /** Whether it does the same when it is done twice. */
    boolean isRepeatable() {
        return shiftBy == null;
    }

    ResetOffsetsRequest request(boolean dryRun) {
        List<PartitionName> names = partitions.stream()
                .map(partition -> new PartitionName(partition.topic(), partition.partition()))
                .toList();
        return new ResetOffsetsRequest(
                topics.isEmpty() ? null : List.copyOf(topics),
                names.isEmpty() ? null : names,
                to,
                toOffset,
                shiftBy,
                dryRun);
    }
}
