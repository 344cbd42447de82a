package dev.tidemark.client;

/**
 * Where a consumer starts when it has no position, and where it goes on when its position is below the log start: retention was faster.
 *
 * <p>Not when the position is beyond the log end. Then the log has lost what was read from it (PostgreSQL was restored or failed over), or the position never was in it, and whatever the setting
 * {@link TidemarkConsumer#poll} throws {@link OffsetOutOfRangeException}, each time until the application has sought a place to go on at.
 */
public enum AutoOffsetReset {
    /** At the log start offset. */
    EARLIEST,
    /** At the log end offset: only records appended from now on. */
    LATEST,
    /** Nowhere: {@link TidemarkConsumer#poll} throws {@link OffsetOutOfRangeException}, or {@link NoOffsetException} when there is no position. */
    NONE
}
