package dev.tidemark.server.log.append;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Batches that are appended all or not at all, waiting in a lane: an atomic request, or one batch of another. */
final class AppendGroup {
    private final List<CheckedBatch> batches;
    private final Acks acks;
    private final @Nullable Companion companion;
    private final long bytes;
    private final long rowBytes;
    private final Set<Integer> partitionIds;
    private final CompletableFuture<List<BatchOutcome>> done = new CompletableFuture<>();
    private final long queuedAtNanos = System.nanoTime();
    /** Only the lane's thread looks at it: 0 while it was never early. */
    private long parkedSinceNanos;

    private long tryAgainNanos;

    AppendGroup(List<CheckedBatch> batches, Acks acks, @Nullable Companion companion) {
        this.batches = List.copyOf(batches);
        this.acks = acks;
        this.companion = companion;
        this.bytes = batches.stream().mapToLong(b -> b.frame().length()).sum();
        this.rowBytes = batches.stream().mapToLong(CheckedBatch::storedBytes).sum();
        this.partitionIds = batches.size() == 1
                ? Set.of(batches.get(0).partitionId())
                : batches.stream().map(CheckedBatch::partitionId).collect(Collectors.toUnmodifiableSet());
    }

    List<CheckedBatch> batches() {
        return batches;
    }

    Acks acks() {
        return acks;
    }

    /** What takes place with it; then it is alone in its database transaction, so that what it refuses is nobody else's. */
    @Nullable
    Companion companion() {
        return companion;
    }

    /** The groups as they may go together, in their order: those with company of their own by themselves. */
    static List<List<AppendGroup>> together(List<AppendGroup> groups) {
        if (groups.stream().allMatch(group -> group.companion == null)) {
            return List.of(groups);
        }
        List<List<AppendGroup>> together = new ArrayList<>();
        boolean alone = true;
        for (AppendGroup group : groups) {
            if (alone || group.companion != null) {
                together.add(new ArrayList<>());
            }
            together.get(together.size() - 1).add(group);
            alone = group.companion != null;
        }
        return together;
    }

    /** Whose locks its database transaction takes. */
    Set<Integer> partitionIds() {
        return partitionIds;
    }

    long bytes() {
        return bytes;
    }

    /** What its rows take in the database, about. */
    long rowBytes() {
        return rowBytes;
    }

    long queuedAtNanos() {
        return queuedAtNanos;
    }

    CompletableFuture<List<BatchOutcome>> done() {
        return done;
    }

    void complete(List<BatchOutcome> outcomes) {
        done.complete(outcomes);
    }

    /** Refuses it for one of its batches, or for all. */
    void refuse(BatchOutcome.Refused refused) {
        complete(new ArrayList<>(java.util.Collections.nCopies(batches.size(), refused)));
    }

    /** Since when it waits for a batch before it. */
    long parkedSince(long nowNanos) {
        if (parkedSinceNanos == 0) {
            parkedSinceNanos = nowNanos == 0 ? 1 : nowNanos;
        }
        return parkedSinceNanos;
    }

    /** When it is to be looked at again although nothing has come from its producers here. */
    long tryAgainAt() {
        return tryAgainNanos;
    }

    void tryAgainAt(long nanos) {
        tryAgainNanos = nanos;
    }

    /** The lane is its lowest partition's, so that one lane serves a partition. */
    int lowestPartitionId() {
        return batches.stream().mapToInt(CheckedBatch::partitionId).min().orElseThrow();
    }
}
