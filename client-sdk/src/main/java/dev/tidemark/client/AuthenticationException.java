package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import org.jspecify.annotations.Nullable;

/** The token is missing or not known to the server, or the server's certificate is not trusted here. */
public final class AuthenticationException extends TidemarkException {
    private static final long serialVersionUID = 1L;

    public AuthenticationException(String message, @Nullable Throwable cause) {
        super(ErrorCode.SASL_AUTHENTICATION_FAILED, message, cause);
    }
}
