package dev.tidemark.integration.door;

/** Where an acknowledged record lies. @param offset -1 when it was not waited for */
public record Place(int partition, long offset, long timestampMs) {}
