package dev.tidemark.client;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** What a consumer knows of a partition it reads. Guarded by the lock of {@link ConsumerPartitions}, but for {@link #current}, which is the polling thread's. */
final class ConsumerPartition {
    static final long NO_POSITION = -1;

    final TopicPartition partition;

    /** Being decoded; the polling thread's alone. */
    @Nullable
    FetchedRecords current;

    /** The offset of the next record the application gets. */
    long position = NO_POSITION;

    /** Where the next request goes on; only with a position. */
    long fetchFrom;

    /** Where to take a position from that there is none yet; null: from nowhere. */
    @Nullable
    OffsetSpec resetTo;

    boolean paused;

    /** Counts the changes of place, so that what was asked for before one is not taken for after it. */
    int moves;

    final Deque<FetchedRecords> fetched = new ArrayDeque<>();

    /** Comes after what is fetched; nothing more is fetched until it has been thrown. */
    @Nullable
    TidemarkException failure;

    ConsumerPartition(TopicPartition partition) {
        this.partition = partition;
    }

    boolean hasPosition() {
        return position != NO_POSITION;
    }

    boolean isFetchable() {
        return !paused && hasPosition() && failure == null;
    }

    boolean needsReset() {
        return !hasPosition() && failure == null;
    }
}
