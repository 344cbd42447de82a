package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import org.jspecify.annotations.Nullable;

/** There is no such topic, or it has no such partition. */
public final class UnknownTopicOrPartitionException extends TidemarkException {
    private static final long serialVersionUID = 1L;

    public UnknownTopicOrPartitionException(String message, @Nullable Throwable cause) {
        super(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, message, cause);
    }
}
