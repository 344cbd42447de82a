package dev.tidemark.protocol.api;

import java.util.List;

/** Answer of {@code GET /v1/groups}. */
public record GroupList(List<GroupSummary> groups) {}
