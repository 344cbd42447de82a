package dev.tidemark.client;

import java.time.Duration;

/** A producer's settings, checked; {@link ProducerBuilder} says what each means. */
record ProducerConfig(
        ConnectionConfig connection,
        Acks acks,
        boolean idempotence,
        int batchBytes,
        Duration linger,
        int maxRequestBytes,
        int maxInFlightRequests,
        long bufferBytes,
        Duration maxBlock,
        Duration deliveryTimeout,
        int maxTransactionBytes,
        RecordPartitioner partitioner) {
    /** The log recognises a repeated batch among a producer's last five, so more than five in flight could not be told from lost ones. */
    static final int MAX_IN_FLIGHT_IDEMPOTENT = 5;

    ProducerConfig {
        atLeast("batchBytes", batchBytes, 1);
        atLeast("maxRequestBytes", maxRequestBytes, 1024);
        atLeast("maxInFlightRequests", maxInFlightRequests, 1);
        atLeast("bufferBytes", bufferBytes, maxRequestBytes);
        atLeast("maxTransactionBytes", maxTransactionBytes, 1024);
        ConnectionConfig.requireNotNegative("linger", linger);
        ConnectionConfig.requireNotNegative("maxBlock", maxBlock);
        ConnectionConfig.requirePositive("deliveryTimeout", deliveryTimeout);
        if (idempotence && acks != Acks.ALL) {
            throw new IllegalArgumentException("idempotence needs acks ALL: set idempotence(false) with acks " + acks);
        }
        if (idempotence && maxInFlightRequests > MAX_IN_FLIGHT_IDEMPOTENT) {
            throw new IllegalArgumentException("with idempotence maxInFlightRequests is at most "
                    + MAX_IN_FLIGHT_IDEMPOTENT + ", not " + maxInFlightRequests);
        }
    }

    private static void atLeast(String name, long value, long least) {
        if (value < least) {
            throw new IllegalArgumentException(name + " must be at least " + least + ", not " + value);
        }
    }
}
