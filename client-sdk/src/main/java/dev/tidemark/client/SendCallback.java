package dev.tidemark.client;

import org.jspecify.annotations.Nullable;

/**
 * Told what became of a record. Runs on one of the producer's sender threads, one callback at a time; for the acknowledged records of a partition in the order they were sent. It must be quick and must not
 * block, or it holds up every other record: a {@code send} in it fails at once where it would have to wait for memory. What it throws is logged and otherwise ignored.
 */
@FunctionalInterface
public interface SendCallback {
    /** Exactly one of the two is null. */
    void onCompletion(@Nullable RecordMetadata metadata, @Nullable TidemarkException exception);
}
