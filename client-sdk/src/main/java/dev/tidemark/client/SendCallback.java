package dev.tidemark.client;

import org.jspecify.annotations.Nullable;

/**
 * Told what became of a record. Runs on the producer's sender thread, for the records of a partition in the order they were sent: it must be quick and
 * must not block, or it holds up every other record. What it throws is ignored.
 */
@FunctionalInterface
public interface SendCallback {
    /** Exactly one of the two is null. */
    void onCompletion(@Nullable RecordMetadata metadata, @Nullable TidemarkException exception);
}
