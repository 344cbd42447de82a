package dev.tidemark.server;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** How long each step of a start took, for one line of the log: a slow start should say what it waited for. Not thread-safe. */
final class StartSteps {
    private final LongSupplier nanoTime;
    private final long startNanos;
    private final StringBuilder steps = new StringBuilder();
    private long lastNanos;

    StartSteps(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.startNanos = nanoTime.getAsLong();
        this.lastNanos = startNanos;
    }

    /** What began with the step before, or with the start, is done. */
    void done(String step) {
        long now = nanoTime.getAsLong();
        steps.append(step)
                .append("_ms=")
                .append(TimeUnit.NANOSECONDS.toMillis(now - lastNanos))
                .append(' ');
        lastNanos = now;
    }

    /** Steps in their order, then all together, in the log's form: {@code postgres_ms=700 migrate_ms=90 total_ms=790}. */
    String summary() {
        return steps + "total_ms=" + TimeUnit.NANOSECONDS.toMillis(lastNanos - startNanos);
    }
}
