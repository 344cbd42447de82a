package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A key or value could not be turned into bytes, or back.
 *
 * <p>From {@link TidemarkConsumer#poll} it names the record, and the position stays there: seek past it to go on.
 */
public final class SerializationException extends TidemarkException {
    private static final long serialVersionUID = 1L;

    private final transient @Nullable TopicPartition topicPartition;
    private final long offset;

    /** For a record to be sent. */
    public SerializationException(String message, Throwable cause) {
        super(ErrorCode.INVALID_RECORD, message, cause);
        this.topicPartition = null;
        this.offset = -1;
    }

    /** For a record that was read. */
    public SerializationException(TopicPartition topicPartition, long offset, String message, Throwable cause) {
        super(ErrorCode.INVALID_RECORD, message, cause);
        this.topicPartition = topicPartition;
        this.offset = offset;
    }

    /** Where the record lies; empty for one to be sent. */
    public Optional<TopicPartition> topicPartition() {
        return Optional.ofNullable(topicPartition);
    }

    /** The record's offset; -1 for one to be sent. */
    public long offset() {
        return offset;
    }
}
