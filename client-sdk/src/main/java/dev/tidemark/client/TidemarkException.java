package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import org.jspecify.annotations.Nullable;

/**
 * A request that failed. The subclasses are the cases callers tell apart; {@link #errorCode} names every one.
 *
 * <p>The message says what is wrong in the words of the server or, when no server answered, of the client.
 */
public class TidemarkException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode errorCode;

    public TidemarkException(ErrorCode errorCode, String message) {
        this(errorCode, message, null);
    }

    public TidemarkException(ErrorCode errorCode, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.errorCode = errorCode;
    }

    /** What went wrong, by Kafka's name where Kafka has one. */
    public ErrorCode errorCode() {
        return errorCode;
    }

    /** Whether the same request may succeed later without being changed. The SDK has tried again already, for as long as it was allowed to. */
    public boolean isRetriable() {
        return errorCode.retriable();
    }
}
