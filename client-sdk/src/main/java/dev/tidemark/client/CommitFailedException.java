package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import org.jspecify.annotations.Nullable;

/**
 * Offsets were not committed and cannot be: the partitions are no longer this consumer's, as the message explains. Whoever has them now reads again what was not committed. Go on polling: the next poll tells the listener and, where
 * the consumer was expelled, joins anew. Work done in a database transaction together with the commit must be rolled back.
 */
public final class CommitFailedException extends TidemarkException {
    private static final long serialVersionUID = 1L;

    public CommitFailedException(ErrorCode errorCode, String message, @Nullable Throwable cause) {
        super(errorCode, message, cause);
    }
}
