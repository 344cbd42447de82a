package dev.tidemark.server.log.fetch;

/** Which offset of a partition is asked for. */
public sealed interface OffsetQuery {
    /** The log start offset. */
    record Earliest() implements OffsetQuery {}

    /** The log end offset. */
    record Latest() implements OffsetQuery {}

    /** The first record whose timestamp is at or after the time, in milliseconds since 1970-01-01T00:00Z. */
    record AtTime(long timestampMs) implements OffsetQuery {}
}
