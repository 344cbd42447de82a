package dev.tidemark.integration.server;

import java.time.Duration;

/** {@code -Dtidemark.soak=<seconds>}: the load tests then run that long instead of for a fixed, small amount of work. */
public final class Soak {
    private static final Duration DURATION = Duration.ofSeconds(Long.getLong("tidemark.soak", 0));

    private final long endNanos = System.nanoTime() + DURATION.toNanos();

    private Soak() {}

    /** From now on. */
    public static Soak start() {
        return new Soak();
    }

    /** Whether there is time left; never without the property. */
    public boolean goesOn() {
        return !DURATION.isZero() && System.nanoTime() - endNanos < 0;
    }

    /** How long a test may wait for something that usually takes seconds. */
    public static Duration patience() {
        return DURATION.plus(Duration.ofMinutes(2));
    }
}
