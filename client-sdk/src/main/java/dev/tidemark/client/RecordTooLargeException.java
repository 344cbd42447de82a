package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import org.jspecify.annotations.Nullable;

/** A record is larger than a request may be, or than its topic takes. */
public final class RecordTooLargeException extends TidemarkException {
    private static final long serialVersionUID = 1L;

    public RecordTooLargeException(String message, @Nullable Throwable cause) {
        super(ErrorCode.MESSAGE_TOO_LARGE, message, cause);
    }
}
