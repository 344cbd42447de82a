package dev.tidemark.server.group.offset;

import dev.tidemark.protocol.ApiException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A commit that waits for its answer. */
final class PendingCommit {
    /** Who takes a partition away, or sets its offset, holds its lock for milliseconds. */
    private static final long MAX_BUSY_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final OffsetCommit commit;
    private final long bytes;
    private final long queuedAtNanos = System.nanoTime();
    private final CompletableFuture<Void> done = new CompletableFuture<>();

    PendingCommit(OffsetCommit commit) {
        this.commit = commit;
        this.bytes = commit.bytes();
    }

    OffsetCommit commit() {
        return commit;
    }

    long bytes() {
        return bytes;
    }

    long queuedAtNanos() {
        return queuedAtNanos;
    }

    boolean isOverdue() {
        return System.nanoTime() - queuedAtNanos > MAX_BUSY_NANOS;
    }

    /** Completes on the committer's thread, after COMMIT, or fails with {@link ApiException}. */
    CompletableFuture<Void> done() {
        return done;
    }

    void complete() {
        done.complete(null);
    }

    void refuse(ApiException why) {
        done.completeExceptionally(why);
    }
}
