package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import org.jspecify.annotations.Nullable;

/** A topic of that name exists. */
public final class TopicExistsException extends TidemarkException {
    private static final long serialVersionUID = 1L;

    public TopicExistsException(String message, @Nullable Throwable cause) {
        super(ErrorCode.TOPIC_ALREADY_EXISTS, message, cause);
    }
}
