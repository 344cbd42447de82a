package dev.tidemark.client;

import org.jspecify.annotations.Nullable;

/** Chooses the partition of records that do not name one. Called on the threads that send: must be thread-safe. */
@FunctionalInterface
public interface RecordPartitioner {
    /** Leave the choice to the default: stay with one partition until its batch is full, then take another. */
    int ANY = -1;

    /**
     * The partition of a record.
     *
     * @param key serialized; null when the record has none
     * @param partitionCount at least 1
     * @return 0 to {@code partitionCount - 1}, or {@link #ANY}
     */
    int partition(String topic, byte @Nullable [] key, byte @Nullable [] value, int partitionCount);

    /** By key as Apache Kafka's default partitioner: {@code toPositive(murmur2(key)) % partitionCount}; {@link #ANY} without a key. */
    static RecordPartitioner byKey() {
        return (topic, key, value, partitionCount) ->
                key == null ? ANY : dev.tidemark.protocol.Partitioner.forKey(key, partitionCount);
    }
}
