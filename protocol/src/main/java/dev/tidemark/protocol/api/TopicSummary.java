package dev.tidemark.protocol.api;

/** A topic in a list. */
public record TopicSummary(String name, int partitionCount) {}
