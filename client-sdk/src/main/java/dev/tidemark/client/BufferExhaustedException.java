package dev.tidemark.client;

import org.jspecify.annotations.Nullable;

/** The producer's buffer stayed full for {@code maxBlock}: records are sent faster than the server takes them. The record was not sent. */
public final class BufferExhaustedException extends TidemarkTimeoutException {
    private static final long serialVersionUID = 1L;

    public BufferExhaustedException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
