package dev.tidemark.protocol.api;

import java.util.List;
import java.util.Map;

/**
 * Answer of {@code GET /v1/topics/{topic}}.
 *
 * @param id a UUID that never changes
 * @param configs every config, defaults included
 * @param unusedConfigs those among them that were set but have no effect in Tidemark
 */
public record TopicDescription(
        String name,
        String id,
        int partitionCount,
        Map<String, String> configs,
        List<String> unusedConfigs,
        List<PartitionDescription> partitions) {}
