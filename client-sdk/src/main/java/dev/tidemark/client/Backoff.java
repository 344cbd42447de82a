package dev.tidemark.client;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/** How long to wait before the next try: doubling up to a bound, spread by a fifth either way so that clients do not return in step. */
record Backoff(long firstNanos, long maxNanos, Supplier<? extends RandomGenerator> random) {
    private static final double JITTER = 0.2;

    static Backoff of(ConnectionConfig config, Supplier<? extends RandomGenerator> random) {
        return new Backoff(
                config.retryBackoff().toNanos(), config.retryBackoffMax().toNanos(), random);
    }

    /** @param failures how many tries have failed, at least 1 */
    long nanos(int failures) {
        int doublings = Math.min(failures - 1, 30);
        double exact = Math.min((double) maxNanos, firstNanos * (double) (1L << doublings));
        return (long) (exact * (1 - JITTER + 2 * JITTER * random.get().nextDouble()));
    }

    /** At least what the server asked for by Retry-After, at most a minute. */
    static long orRetryAfter(long backoffNanos, Duration retryAfter) {
        long asked = Math.min(retryAfter.toNanos(), TimeUnit.MINUTES.toNanos(1));
        return Math.max(backoffNanos, asked);
    }
}
