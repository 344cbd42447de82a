package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import org.jspecify.annotations.Nullable;

/** A failure that may be gone when the same request is sent again: a server that is away, busy or late. */
public class RetriableException extends TidemarkException {
    private static final long serialVersionUID = 1L;

    public RetriableException(ErrorCode errorCode, String message, @Nullable Throwable cause) {
        super(errorCode, message, cause);
    }

    @Override
    public boolean isRetriable() {
        return true;
    }
}
