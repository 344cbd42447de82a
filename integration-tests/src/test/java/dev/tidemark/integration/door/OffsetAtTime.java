package dev.tidemark.integration.door;

/** The first record at or after a time. */
public record OffsetAtTime(long offset, long timestampMs) {}
