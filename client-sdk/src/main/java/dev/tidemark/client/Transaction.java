package dev.tidemark.client;

/**
 * Records for any topics, and a group's offsets, that take place together or not at all: see {@link TidemarkProducer#transaction}. Kept in memory until the
 * function it is given to returns; of no use afterwards. Not thread-safe.
 *
 * <p>Its records go to 500 partitions at most, and it commits 1,000 offsets at most, since each takes locks in PostgreSQL: servers refuse more with INVALID_REQUEST, as a {@link TidemarkException}.
 */
public interface Transaction<K, V> {
    /**
     * Adds a record. Its partition is chosen now; nothing is sent yet.
     *
     * @throws TransactionTooLargeException when the transaction's records are more than {@code maxTransactionBytes}
     * @throws SerializationException when the key or value has no bytes
     * @throws UnknownTopicOrPartitionException when the topic, or the partition the record names, does not exist
     * @throws TidemarkException when the topic's metadata could not be had
     * @throws IllegalStateException when the transaction is over, or the producer closed
     */
    void send(ProducerRecord<K, V> record);

    /**
     * Commits a group's offsets with the records.
     *
     * @throws IllegalStateException when the transaction is over, or commits offsets already
     */
    void commit(GroupOffsets offsets);

    /**
     * Commits, with the records, how far a member of a group has read: the positions behind what its polls have returned. Where nothing was read since the last commit, nothing is committed. When the transaction fails, the consumer
     * is still where it was: {@link TidemarkConsumer#seekToCommitted} goes back. When its outcome is not known, the consumer begins anew in its group: see {@link TidemarkProducer#transaction}.
     *
     * @throws IllegalStateException when the consumer has no group or commits by itself, when the transaction is over, or commits offsets already
     */
    default void commit(TidemarkConsumer<?, ?> consumer) {
        GroupOffsets offsets = consumer.groupOffsets();
        if (!offsets.offsets().isEmpty()) {
            commit(offsets);
        }
    }
}
