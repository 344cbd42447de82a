package dev.tidemark.server.http;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** Lets so many lines of the log through in a second, and counts the others, so that a flood of bad requests is none of lines. Thread-safe. */
final class LineRate {
    static final int LINES_PER_SECOND = 10;

    static final long LEFT_OUT = -1;

    private final LongSupplier nanoClock;
    private long secondNanos;
    private int lines;
    private long leftOut;

    LineRate(LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
        this.secondNanos = nanoClock.getAsLong();
    }

    /** How many lines were left out since the last one; {@link #LEFT_OUT} when this one is left out too. */
    synchronized long admit() {
        long now = nanoClock.getAsLong();
        if (now - secondNanos >= TimeUnit.SECONDS.toNanos(1)) {
            secondNanos = now;
            lines = 0;
        }
        if (lines == LINES_PER_SECOND) {
            leftOut++;
            return LEFT_OUT;
        }
        lines++;
        long before = leftOut;
        leftOut = 0;
        return before;
    }
}
