package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import org.jspecify.annotations.Nullable;

/** The group still has members: what was asked for needs one without. */
public final class GroupNotEmptyException extends TidemarkException {
    private static final long serialVersionUID = 1L;

    public GroupNotEmptyException(String message, @Nullable Throwable cause) {
        super(ErrorCode.NON_EMPTY_GROUP, message, cause);
    }
}
