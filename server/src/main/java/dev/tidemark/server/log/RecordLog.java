package dev.tidemark.server.log;

import dev.tidemark.protocol.api.ProducerIdentity;
import dev.tidemark.server.log.append.AppendRequest;
import dev.tidemark.server.log.append.BatchOutcome;
import dev.tidemark.server.log.fetch.FetchRequest;
import dev.tidemark.server.log.fetch.OffsetFound;
import dev.tidemark.server.log.fetch.OffsetQuery;
import dev.tidemark.server.log.fetch.PartitionRecords;
import dev.tidemark.server.topic.Topic;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** The door to the log: append, fetch, offsets. Thread-safe. */
public final class RecordLog {
    /**
     * Checks the batches and queues them. The future completes on a thread of the log's once every batch has its outcome (in the order of the
     * entries), after COMMIT; it fails with {@link dev.tidemark.protocol.ApiException} when nothing was queued (THROTTLING_QUOTA_EXCEEDED).
     */
    public CompletableFuture<List<BatchOutcome>> append(AppendRequest request) {
        throw new UnsupportedOperationException();
    }

    /** Reads records; the future completes when there are some, when the wait is over, or when a partition has an error. */
    public CompletableFuture<List<PartitionRecords>> fetch(FetchRequest request) {
        throw new UnsupportedOperationException();
    }

    /** Blocks on the database. */
    public OffsetFound offset(Topic topic, int partition, OffsetQuery query) {
        throw new UnsupportedOperationException();
    }

    /** A producer id nobody had before. Blocks on the database. */
    public ProducerIdentity newProducer() {
        throw new UnsupportedOperationException();
    }
}
