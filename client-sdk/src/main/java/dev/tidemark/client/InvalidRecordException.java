package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import org.jspecify.annotations.Nullable;

/** The topic does not take this record: not the type it keeps, or a timestamp outside its range. */
public final class InvalidRecordException extends TidemarkException {
    private static final long serialVersionUID = 1L;

    public InvalidRecordException(ErrorCode errorCode, String message, @Nullable Throwable cause) {
        super(errorCode, message, cause);
    }
}
