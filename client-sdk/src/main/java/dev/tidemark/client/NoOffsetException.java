package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;

/** A partition has no position and {@link AutoOffsetReset#NONE} says not to choose one: seek first. */
public final class NoOffsetException extends TidemarkException {
    private static final long serialVersionUID = 1L;

    public NoOffsetException(TopicPartition topicPartition) {
        super(ErrorCode.INVALID_REQUEST, topicPartition + " has no position: seek, or set autoOffsetReset");
    }
}
