package dev.tidemark.client;

/** Where a consumer starts when it has no position, and where it goes on when its position is outside the log. */
public enum AutoOffsetReset {
    /** At the log start offset. */
    EARLIEST,
    /** At the log end offset: only records appended from now on. */
    LATEST,
    /** Nowhere: {@link TidemarkConsumer#poll} throws {@link OffsetOutOfRangeException}, or {@link NoOffsetException} when there is no position. */
    NONE
}
