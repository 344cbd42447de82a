package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import org.jspecify.annotations.Nullable;

/** The token's principal may not do this. */
public final class AuthorizationException extends TidemarkException {
    private static final long serialVersionUID = 1L;

    public AuthorizationException(ErrorCode errorCode, String message, @Nullable Throwable cause) {
        super(errorCode, message, cause);
    }
}
