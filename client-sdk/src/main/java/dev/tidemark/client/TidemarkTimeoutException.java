package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import org.jspecify.annotations.Nullable;

/** No answer in time. What was asked for may have been done all the same: the outcome of a write is unknown. */
public class TidemarkTimeoutException extends RetriableException {
    private static final long serialVersionUID = 1L;

    public TidemarkTimeoutException(String message, @Nullable Throwable cause) {
        super(ErrorCode.REQUEST_TIMED_OUT, message, cause);
    }
}
