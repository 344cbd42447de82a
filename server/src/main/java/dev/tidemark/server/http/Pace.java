package dev.tidemark.server.http;

import java.time.Duration;

/**
 * How slowly a body may come, or an answer be taken, before the server lets go of it: by any moment after the grace, so many bytes must have moved for each second
 * beyond it.
 *
 * @param grace positive
 * @param bytesPerSecond positive
 */
public record Pace(Duration grace, int bytesPerSecond) {
    /** 30 s, and from then on 16 KiB a second on average: a bad mobile line has more, and 16 MiB may take a quarter of an hour. */
    public static final Pace DEFAULT = new Pace(Duration.ofSeconds(30), 16 * 1024);

    public Pace {
        if (grace.isNegative() || grace.isZero() || bytesPerSecond < 1) {
            throw new IllegalArgumentException("grace and rate of a transfer must be positive");
        }
    }

    boolean isKeptBy(long bytes, long elapsedNanos) {
        double overdueSeconds = (elapsedNanos - grace.toNanos()) / 1e9;
        return bytes >= overdueSeconds * bytesPerSecond;
    }
}
