package dev.tidemark.server.log.fetch;

import dev.tidemark.server.topic.Topic;
import java.util.List;

/**
 * Where to read, and how much.
 *
 * @param maxRecords over all partitions
 * @param maxBytes over all partitions; the first record always fits
 * @param maxWaitMs how long to wait when every partition is at its log end; 0 answers at once
 */
public record FetchRequest(List<Position> positions, int maxRecords, int maxBytes, int maxWaitMs) {
    public FetchRequest {
        positions = List.copyOf(positions);
    }

    /** Of the positions, in their order. */
    List<Integer> partitionIds() {
        return positions.stream().map(Position::partitionId).toList();
    }

    public record Position(Topic topic, int partition, long offset) {
        int partitionId() {
            return topic.partitionId(partition);
        }
    }
}
