package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;

/** The calling thread was interrupted while it waited; its interrupt flag is set again. The outcome of a write is unknown. */
public final class InterruptException extends TidemarkException {
    private static final long serialVersionUID = 1L;

    public InterruptException(InterruptedException cause) {
        super(ErrorCode.REQUEST_TIMED_OUT, "interrupted while waiting", cause);
        Thread.currentThread().interrupt();
    }
}
