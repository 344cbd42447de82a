package dev.tidemark.server.group;

import dev.tidemark.protocol.api.PartitionName;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The topics there are, or those of them that matter. Immutable.
 *
 * @param partitionIds by topic, then by partition number
 */
record TopicCatalogue(Map<String, List<Integer>> partitionIds) {
    static final TopicCatalogue EMPTY = new TopicCatalogue(Map.of());

    TopicCatalogue {
        partitionIds = Map.copyOf(partitionIds);
    }

    Set<String> topics() {
        return partitionIds.keySet();
    }

    Map<String, Integer> partitionCounts(Set<String> topics) {
        return topics.stream()
                .collect(Collectors.toMap(topic -> topic, topic -> ids(topic).size()));
    }

    int id(PartitionName partition) {
        return ids(partition.topic()).get(partition.partition());
    }

    /** Whether that is the partition's name, and still the same partition. */
    boolean has(int id, @Nullable PartitionName partition) {
        return partition != null
                && partition.partition() < ids(partition.topic()).size()
                && id(partition) == id;
    }

    private List<Integer> ids(String topic) {
        return partitionIds.getOrDefault(topic, List.of());
    }

    /** Topics that are new, gone, or have other partitions than there. */
    Set<String> changedSince(TopicCatalogue earlier) {
        Map<String, List<Integer>> all = new HashMap<>(earlier.partitionIds);
        all.putAll(partitionIds);
        return all.keySet().stream()
                .filter(topic -> !ids(topic).equals(earlier.ids(topic)))
                .collect(Collectors.toUnmodifiableSet());
    }
}
