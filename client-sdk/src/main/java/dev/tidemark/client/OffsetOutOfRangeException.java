package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;

/**
 * A position lies outside the log: beyond its end, or below its start where {@link AutoOffsetReset#NONE} says not to move it. Seek into the range and poll again.
 *
 * <p>Beyond the end, records that were read are not in the log any more, or never were: what was made of them may have to be undone.
 */
public final class OffsetOutOfRangeException extends TidemarkException {
    private static final long serialVersionUID = 1L;

    private final transient TopicPartition topicPartition;
    private final long offset;
    private final long logStartOffset;
    private final long logEndOffset;

    public OffsetOutOfRangeException(
            TopicPartition topicPartition, long offset, long logStartOffset, long logEndOffset) {
        super(
                ErrorCode.OFFSET_OUT_OF_RANGE,
                "offset " + offset + " of " + topicPartition + " is outside the log, which has " + logStartOffset
                        + " to " + logEndOffset
                        + (offset > logEndOffset
                                ? ": it was cut when PostgreSQL was restored or failed over, or never reached there"
                                : ""));
        this.topicPartition = topicPartition;
        this.offset = offset;
        this.logStartOffset = logStartOffset;
        this.logEndOffset = logEndOffset;
    }

    public TopicPartition topicPartition() {
        return topicPartition;
    }

    /** The position that is outside. */
    public long offset() {
        return offset;
    }

    /** The first offset that can be read. */
    public long logStartOffset() {
        return logStartOffset;
    }

    /** The offset the next record will get; a position may be here. */
    public long logEndOffset() {
        return logEndOffset;
    }
}
