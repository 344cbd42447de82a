package dev.tidemark.server.topic;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import java.util.List;
import java.util.UUID;

/**
 * A topic as the hot path sees it: an immutable snapshot that may be a second old.
 *
 * @param id the number its tables are named by; never leaves the database and the server
 * @param uuid the identity callers see; a topic deleted and made again has another
 * @param partitionIds by partition number, the number its advisory lock is taken on
 */
public record Topic(int id, UUID uuid, String name, List<Integer> partitionIds, TopicConfig config) {
    public Topic {
        partitionIds = List.copyOf(partitionIds);
    }

    public int partitionCount() {
        return partitionIds.size();
    }

    /** @throws ApiException UNKNOWN_TOPIC_OR_PARTITION naming the partition */
    public int partitionId(int partition) {
        if (partition < 0 || partition >= partitionIds.size()) {
            throw new ApiException(
                    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                    "topic " + name + " has no partition " + partition + ", only 0 to " + (partitionIds.size() - 1));
        }
        return partitionIds.get(partition);
    }
}
