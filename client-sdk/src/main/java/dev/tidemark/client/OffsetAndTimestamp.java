package dev.tidemark.client;

/** An offset found by time: the first record at or after it, and that record's timestamp in milliseconds since 1970-01-01T00:00Z. */
public record OffsetAndTimestamp(long offset, long timestamp) {}
