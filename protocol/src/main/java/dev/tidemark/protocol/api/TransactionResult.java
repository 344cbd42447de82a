package dev.tidemark.protocol.api;

import java.util.List;

/**
 * Answer of a binary request over several topics, which took place.
 *
 * @param batches where they are, in the order of the request
 */
public record TransactionResult(List<Batch> batches) {
    /**
     * Where a batch is.
     *
     * @param baseOffset the first record's offset; -1 when acks is 0
     * @param appendTimeMs when a topic stamps records itself ({@code message.timestamp.type=LogAppendTime}) their timestamp, else -1
     */
    public record Batch(String topic, int partition, long baseOffset, long appendTimeMs) {}
}
