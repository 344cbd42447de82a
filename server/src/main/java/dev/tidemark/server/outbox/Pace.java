package dev.tidemark.server.outbox;

import java.util.concurrent.TimeUnit;

/** How long to wait until the next look: at once after work, a moment while records keep coming, longer the longer there are none. For one thread. */
final class Pace {
    static final long QUICK_NANOS = TimeUnit.MILLISECONDS.toNanos(3);
    static final long IDLE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    /** Where another server is at it: often enough to notice within half a second that it is not any more. */
    static final long STANDBY_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    /** Records that come at least so often keep coming. */
    private static final long KEEP_COMING_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private long lastWorkNanos;
    private long waitNanos = QUICK_NANOS;

    Pace(long nowNanos) {
        lastWorkNanos = nowNanos;
    }

    long afterWork(long nowNanos) {
        lastWorkNanos = nowNanos;
        waitNanos = QUICK_NANOS;
        return 0;
    }

    long afterNothing(long nowNanos) {
        if (nowNanos - lastWorkNanos > KEEP_COMING_NANOS) {
            waitNanos = Math.min(2 * waitNanos, IDLE_NANOS);
        }
        return waitNanos;
    }
}
