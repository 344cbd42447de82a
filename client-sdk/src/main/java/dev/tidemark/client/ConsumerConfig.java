package dev.tidemark.client;

/** A consumer's settings, checked; {@link ConsumerBuilder} says what each means. */
record ConsumerConfig(
        ConnectionConfig connection,
        AutoOffsetReset autoOffsetReset,
        int maxPollRecords,
        int fetchMaxBytes,
        int prefetchBytes,
        java.time.Duration fetchMaxWait) {
    ConsumerConfig {
        atLeastOne("maxPollRecords", maxPollRecords);
        atLeastOne("fetchMaxBytes", fetchMaxBytes);
        atLeastOne("prefetchBytes", prefetchBytes);
        if (fetchMaxWait.isNegative() || fetchMaxWait.toMillis() > 30_000) {
            throw new IllegalArgumentException("fetchMaxWait must be 0 to 30 s, not " + fetchMaxWait);
        }
    }

    private static void atLeastOne(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " must be at least 1, not " + value);
        }
    }
}
