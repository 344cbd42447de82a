package dev.tidemark.protocol.api;

/** A partition of a described topic: its log is [logStartOffset, logEndOffset). */
public record PartitionDescription(int partition, long logStartOffset, long logEndOffset, int segments, long bytes) {}
