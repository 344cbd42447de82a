package dev.tidemark.server.cluster;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/** How long to wait before the next try to connect: doubling, and spread so that servers do not all come back at once. For one thread. */
final class Retries {
    private static final Duration FIRST = Duration.ofMillis(100);
    private static final Duration MAX = Duration.ofSeconds(5);

    private int failures;

    /** @return how long to wait after one more failure */
    Duration failed() {
        long full = Math.min(MAX.toMillis(), FIRST.toMillis() << Math.min(failures, 10));
        failures++;
        return Duration.ofMillis(full / 2 + ThreadLocalRandom.current().nextLong(full / 2 + 1));
    }

    boolean isFirst() {
        return failures == 0;
    }

    void succeeded() {
        failures = 0;
    }
}
