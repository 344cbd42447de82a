package dev.tidemark.client;

import java.util.HashMap;
import java.util.Map;

/**
 * By what the log recognises a transaction that is sent again. One transaction at a time uses it: its sequences go on when the transaction has taken place, and
 * stay when it has not, so that a refused one leaves no gap.
 */
final class TransactionIdentity {
    private final ProducerIdentity producer;
    private final Map<TopicPartition, Long> used = new HashMap<>();

    TransactionIdentity(ProducerIdentity producer) {
        this.producer = producer;
    }

    long id() {
        return producer.id();
    }

    short epoch() {
        return producer.epoch();
    }

    /** Sequences go on at 0 after the largest. */
    int nextSequence(TopicPartition partition) {
        return (int) (used.getOrDefault(partition, 0L) & Integer.MAX_VALUE);
    }

    void tookPlace(Map<TopicPartition, Integer> counts) {
        counts.forEach((partition, count) -> used.merge(partition, (long) count, Long::sum));
    }
}
