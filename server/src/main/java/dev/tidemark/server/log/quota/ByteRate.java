package dev.tidemark.server.log.quota;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * A token bucket, kept as the time at which everything taken will be paid for: bytes may be taken while that time is less than a second ahead. So a
 * second's worth passes at once after a pause; what is larger than that passes too, alone, and those after it wait the longer. Thread-safe.
 */
final class ByteRate {
    private static final long BURST_NANOS = 1_000_000_000;

    private final long bytesPerSecond;
    private final LongSupplier nanoTime;
    private long paidAtNanos;

    ByteRate(long bytesPerSecond, LongSupplier nanoTime) {
        this.bytesPerSecond = bytesPerSecond;
        this.nanoTime = nanoTime;
        this.paidAtNanos = nanoTime.getAsLong();
    }

    long bytesPerSecond() {
        return bytesPerSecond;
    }

    /** Takes the bytes. @return zero, or how long until it is worth another try; nothing was taken then */
    synchronized Duration take(long bytes) {
        long now = nanoTime.getAsLong();
        long ahead = Math.max(paidAtNanos - now, 0);
        if (ahead > BURST_NANOS) {
            return Duration.ofNanos(ahead - BURST_NANOS);
        }
        paidAtNanos = now + ahead + (long) (bytes * 1e9 / bytesPerSecond);
        return Duration.ZERO;
    }
}
