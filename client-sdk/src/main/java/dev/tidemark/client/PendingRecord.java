package dev.tidemark.client;

import java.lang.System.Logger.Level;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A record on its way: the future its sender holds. */
final class PendingRecord extends CompletableFuture<RecordMetadata> {
    private static final System.Logger LOGGER = System.getLogger(TidemarkProducer.class.getName());

    final long timestamp;
    private final @Nullable SendCallback callback;

    PendingRecord(long timestamp, @Nullable SendCallback callback) {
        this.timestamp = timestamp;
        this.callback = callback;
    }

    void succeed(RecordMetadata metadata) {
        complete(metadata);
        if (callback != null) {
            call(callback, metadata, null);
        }
    }

    void fail(TidemarkException exception) {
        completeExceptionally(exception);
        if (callback != null) {
            call(callback, null, exception);
        }
    }

    private static void call(
            SendCallback callback, @Nullable RecordMetadata metadata, @Nullable TidemarkException exception) {
        try {
            callback.onCompletion(metadata, exception);
        } catch (RuntimeException | Error thrown) {
            // The sender thread serves everybody; one caller's mistake must not end it.
            LOGGER.log(Level.WARNING, "a send callback threw", thrown);
        }
    }
}
