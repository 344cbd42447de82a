package dev.tidemark.client;

import org.jspecify.annotations.Nullable;

/**
 * A consumer's settings, checked; {@link ConsumerBuilder} says what each means.
 *
 * @param group null without a group
 */
record ConsumerConfig(
        ConnectionConfig connection,
        AutoOffsetReset autoOffsetReset,
        int maxPollRecords,
        int fetchMaxBytes,
        int prefetchBytes,
        java.time.Duration fetchMaxWait,
        @Nullable GroupConfig group) {
    /** What a server answers at most. */
    private static final int MAX_FETCH_BYTES = 64 << 20;

    ConsumerConfig {
        require("maxPollRecords", maxPollRecords, Integer.MAX_VALUE);
        require("fetchMaxBytes", fetchMaxBytes, MAX_FETCH_BYTES);
        require("prefetchBytes", prefetchBytes, Integer.MAX_VALUE);
        if (fetchMaxWait.isNegative() || fetchMaxWait.toMillis() > 30_000) {
            throw new IllegalArgumentException("fetchMaxWait must be 0 to 30 s, not " + fetchMaxWait);
        }
    }

    private static void require(String name, int value, int most) {
        if (value < 1 || value > most) {
            throw new IllegalArgumentException(name + " must be 1 to " + most + ", not " + value);
        }
    }
}
