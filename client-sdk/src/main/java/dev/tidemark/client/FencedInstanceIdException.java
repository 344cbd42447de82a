package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import org.jspecify.annotations.Nullable;

/** Another consumer with the same {@code groupInstanceId} has taken this one's place. This one is over: close it. */
public final class FencedInstanceIdException extends TidemarkException {
    private static final long serialVersionUID = 1L;

    public FencedInstanceIdException(String message, @Nullable Throwable cause) {
        super(ErrorCode.FENCED_INSTANCE_ID, message, cause);
    }
}
