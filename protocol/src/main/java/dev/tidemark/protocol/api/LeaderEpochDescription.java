package dev.tidemark.protocol.api;

/** Answer of {@code POST /v1/cluster/leader-epochs}: the epoch that has begun, and why. */
public record LeaderEpochDescription(int leaderEpoch, String reason) {}
