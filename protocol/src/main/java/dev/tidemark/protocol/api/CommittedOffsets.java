package dev.tidemark.protocol.api;

import java.util.List;

/** Answer of {@code GET /v1/groups/{group}/offsets}. Partitions without a committed offset are not in it. */
public record CommittedOffsets(String groupId, List<CommittedOffset> offsets) {}
