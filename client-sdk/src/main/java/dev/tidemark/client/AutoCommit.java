package dev.tidemark.client;

import java.time.Duration;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** When positions are to be committed by themselves: an interval after the last time, and one commit at a time. For the application's thread alone. */
final class AutoCommit {
    private final long intervalNanos;
    private long dueNanos;
    private @Nullable Future<?> underWay;

    AutoCommit(Duration interval) {
        this.intervalNanos = interval.toNanos();
        this.dueNanos = System.nanoTime() + intervalNanos;
    }

    boolean isDue() {
        return System.nanoTime() - dueNanos >= 0 && (underWay == null || underWay.isDone());
    }

    void began(@Nullable Future<?> commit) {
        underWay = commit;
        dueNanos = System.nanoTime() + intervalNanos;
    }
}
