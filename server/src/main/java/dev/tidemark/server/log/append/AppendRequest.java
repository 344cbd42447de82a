package dev.tidemark.server.log.append;

import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.server.topic.Topic;
import java.util.List;

/**
 * Batches to append.
 *
 * <p>The arrays the batches lie in belong to the log from here on: it writes offsets into them and keeps them in the tail cache.
 *
 * @param atomic all batches or none, in one database transaction; otherwise each has its own outcome
 * @param principal who appends, kept with each batch
 */
public record AppendRequest(List<Entry> entries, Acks acks, boolean atomic, String principal) {
    public AppendRequest {
        entries = List.copyOf(entries);
    }

    public record Entry(Topic topic, ProduceFrame.Batch batch) {}
}
