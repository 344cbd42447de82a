package dev.tidemark.protocol.api;

/** One partition of a topic. */
public record PartitionName(String topic, int partition) {}
