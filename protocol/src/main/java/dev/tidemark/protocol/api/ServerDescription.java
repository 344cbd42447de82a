package dev.tidemark.protocol.api;

/** A live server; {@code address} is where its HTTP is reached. */
public record ServerDescription(String serverId, String address, String version, String startedAt) {}
