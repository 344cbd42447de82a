package dev.tidemark.client;

import dev.tidemark.protocol.ProduceFrame;

/** By what the log recognises a producer's batches in one partition: a higher epoch of the same id shuts the lower out. */
record ProducerIdentity(long id, short epoch) {
    static final ProducerIdentity NONE = new ProducerIdentity(ProduceFrame.NO_PRODUCER_ID, (short) -1);

    boolean isLastEpoch() {
        return epoch == Short.MAX_VALUE;
    }

    ProducerIdentity nextEpoch() {
        return new ProducerIdentity(id, (short) (epoch + 1));
    }
}
