package dev.tidemark.integration.door;

/** A record that was read. */
public record Stored(int partition, long offset, long timestampMs, Content content) {}
