package dev.tidemark.client;

import java.util.Collection;

/**
 * Told when partitions come and go. Only those that do are named: a rebalance leaves a consumer what it keeps.
 *
 * <p>Runs on the application's thread, inside {@link TidemarkConsumer#poll}, and for partitions that go also inside {@link TidemarkConsumer#unsubscribe} and {@link TidemarkConsumer#close}. It may commit, seek, pause and ask for
 * positions; it must not poll, subscribe or close. What it throws comes out of the poll, after the partitions have come or gone all the same.
 */
public interface ConsumerRebalanceListener {
    /**
     * These are about to go to other members. They are still this consumer's: offsets may be committed here for the last time; with {@code enableAutoCommit} that has been done. Another member reads them once this has
     * returned, and if it has not within {@code maxPollInterval}, the server takes all of this consumer's partitions.
     */
    void onPartitionsRevoked(Collection<TopicPartition> partitions);

    /** These are new here. They go on at the committed offset, or where {@code autoOffsetReset} says, unless sought elsewhere here. */
    void onPartitionsAssigned(Collection<TopicPartition> partitions);

    /** These went without notice: the group has expelled this consumer, or it has left after {@code maxPollInterval}. Others may read them already, and nothing of theirs can be committed any more. Until overridden the same as revoked. */
    default void onPartitionsLost(Collection<TopicPartition> partitions) {
        onPartitionsRevoked(partitions);
    }
}
