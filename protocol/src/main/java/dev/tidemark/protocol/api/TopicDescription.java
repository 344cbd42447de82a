package dev.tidemark.protocol.api;

import java.util.List;
import java.util.Map;

/** Answer of {@code GET /v1/topics/{topic}}; {@code id} is a UUID that never changes. */
public record TopicDescription(
        String name,
        String id,
        int partitionCount,
        Map<String, String> configs,
        List<PartitionDescription> partitions) {}
