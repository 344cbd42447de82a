package dev.tidemark.integration.door;

import dev.tidemark.client.Acks;
import dev.tidemark.protocol.api.ProducerIdentity;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A way to the log that lets a test say everything a request can. */
public interface WireClient extends LogClient {
    ProducerIdentity newProducer();

    /** Records of an idempotent producer, all for one partition. */
    record Sequenced(ProducerIdentity producer, int baseSequence, int partition, List<Message> messages) {}

    /** Completes with the records' places, or with {@link Refused}. */
    CompletableFuture<List<Place>> produceAsync(String topic, Acks acks, Sequenced batch);

    default List<Place> produce(String topic, Sequenced batch) {
        return Answers.join(produceAsync(topic, Acks.ALL, batch));
    }

    /** What a fetch may bring, and how long it may wait. */
    record Bounds(int maxRecords, int maxBytes, int maxWaitMs) {
        public static final Bounds DEFAULT = new Bounds(500, 1024 * 1024, 0);

        public Bounds withMaxRecords(int records) {
            return new Bounds(records, maxBytes, maxWaitMs);
        }

        public Bounds withMaxBytes(int bytes) {
            return new Bounds(maxRecords, bytes, maxWaitMs);
        }

        public Bounds withMaxWaitMs(int ms) {
            return new Bounds(maxRecords, maxBytes, ms);
        }
    }

    CompletableFuture<Fetched> fetchAsync(String topic, int partition, long offset, Bounds bounds);

    default Fetched fetch(String topic, int partition, long offset, Bounds bounds) {
        return Answers.join(fetchAsync(topic, partition, offset, bounds));
    }

    default Fetched fetch(String topic, int partition, long offset) {
        return fetch(topic, partition, offset, Bounds.DEFAULT);
    }

    /** A partition to read from, in a request for several. */
    record Position(String topic, int partition, long offset) {}

    /** One fetch over several partitions; a partition that cannot be read fails it. */
    List<Fetched> fetchSeveral(List<Position> positions, int maxBytes, int maxWaitMs);
}
