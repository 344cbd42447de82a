package dev.tidemark.protocol.api;

/** Where to read from in one partition. */
public record PartitionOffset(String topic, int partition, long offset) {}
