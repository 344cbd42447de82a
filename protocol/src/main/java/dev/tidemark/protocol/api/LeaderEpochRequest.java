package dev.tidemark.protocol.api;

/** Body of {@code POST /v1/cluster/leader-epochs}. */
public record LeaderEpochRequest(String reason) {}
