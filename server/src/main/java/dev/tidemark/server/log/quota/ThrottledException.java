package dev.tidemark.server.log.quota;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import java.time.Duration;

/** THROTTLING_QUOTA_EXCEEDED: nothing was done, and it is known when it is worth another try. */
public final class ThrottledException extends ApiException {
    private static final long serialVersionUID = 1L;

    private final Duration retryAfter;

    /** @param retryAfter positive */
    public ThrottledException(String detail, Duration retryAfter) {
        super(ErrorCode.THROTTLING_QUOTA_EXCEEDED, detail);
        this.retryAfter = retryAfter;
    }

    public Duration retryAfter() {
        return retryAfter;
    }
}
