package dev.tidemark.protocol.api;

/** A group in a list. @param state Empty, Stable or Reconciling */
public record GroupSummary(String groupId, String state, int generationId, int memberCount) {}
