package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import org.jspecify.annotations.Nullable;

/** There is no such group. */
public final class GroupIdNotFoundException extends TidemarkException {
    private static final long serialVersionUID = 1L;

    public GroupIdNotFoundException(String message, @Nullable Throwable cause) {
        super(ErrorCode.GROUP_ID_NOT_FOUND, message, cause);
    }
}
