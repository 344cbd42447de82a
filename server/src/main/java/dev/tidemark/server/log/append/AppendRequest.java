package dev.tidemark.server.log.append;

import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.server.topic.Topic;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Batches to append.
 *
 * <p>The arrays the batches lie in belong to the log from here on: it writes offsets into them and keeps them in the tail cache.
 *
 * @param atomic all batches or none, in one database transaction; otherwise each has its own outcome
 * @param principal who appends, kept with each batch
 * @param check what is looked at before they are queued
 * @param companion what takes place with them, or not at all; only where the request is atomic
 */
public record AppendRequest(
        List<Entry> entries,
        Acks acks,
        boolean atomic,
        String principal,
        Check check,
        @Nullable Companion companion) {
    public AppendRequest {
        entries = List.copyOf(entries);
        if (companion != null && (!atomic || entries.isEmpty() || acks == Acks.NONE)) {
            throw new IllegalArgumentException(
                    "what takes place with batches needs some, all or nothing, and an answer after COMMIT");
        }
    }

    public AppendRequest(List<Entry> entries, Acks acks, boolean atomic, String principal) {
        this(entries, acks, atomic, principal, Check.EVERYTHING, null);
    }

    /** What of the records is checked. */
    public enum Check {
        /** All that a topic asks of a record. */
        EVERYTHING,
        /** That PostgreSQL can store it: the rest was checked when it was taken in, and the topic's configs may be others now. */
        STORABLE
    }

    /**
     * A batch and where it goes.
     *
     * @param principal who appends it, where that is not the request's
     */
    public record Entry(
            Topic topic, ProduceFrame.Batch batch, @Nullable String principal) {
        public Entry(Topic topic, ProduceFrame.Batch batch) {
            this(topic, batch, null);
        }
    }
}
