package dev.tidemark.client;

import java.time.Duration;

/** A point in time to be done by. */
final class Deadline {
    /** Longer waits are all the same; far from where nanoTime's arithmetic overflows. */
    private static final long MAX_NANOS = Long.MAX_VALUE / 4;

    private final long nanoTime;

    private Deadline(long nanoTime) {
        this.nanoTime = nanoTime;
    }

    static Deadline in(Duration duration) {
        return new Deadline(System.nanoTime() + nanos(duration));
    }

    /** A duration in nanoseconds, cut off where it no longer fits. */
    static long nanos(Duration duration) {
        return duration.compareTo(Duration.ofNanos(MAX_NANOS)) < 0 ? duration.toNanos() : MAX_NANOS;
    }

    /** 0 or less when it is over. */
    long leftNanos() {
        return nanoTime - System.nanoTime();
    }

    /** 0 when it is over. */
    Duration left() {
        return Duration.ofNanos(Math.max(leftNanos(), 0));
    }
}
