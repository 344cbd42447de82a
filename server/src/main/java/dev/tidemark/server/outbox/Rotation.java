package dev.tidemark.server.outbox;

import java.time.Duration;

/**
 * When callers are given the other staging table, and the one they left is emptied.
 *
 * @param maxBytes the size past which they are
 * @param maxAge the time after which they are
 * @param rest how long a table is left alone after that
 */
record Rotation(long maxBytes, Duration maxAge, Duration rest) {
    static final Rotation USUAL = new Rotation(128L << 20, Duration.ofMinutes(5), Duration.ofSeconds(30));
}
