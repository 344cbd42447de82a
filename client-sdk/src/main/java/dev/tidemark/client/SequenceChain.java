package dev.tidemark.client;

import org.jspecify.annotations.Nullable;

/**
 * The sequences that a partition's batches carry: the log takes a producer's batches only in this order, and answers a repeated one with where it already is. Not thread-safe; belongs to a
 * {@link PartitionPipeline}.
 *
 * <p>When a batch is refused for good, or the log misses one that has failed here, the chain is broken: none of the later batches can be in the log. They get new sequences, from 0 in the producer's next
 * epoch, which shuts out whatever of the old one is still under way (as in Kafka's KIP-360). So nothing may be in flight when the next chain begins.
 */
final class SequenceChain {
    private static final long SEQUENCES = 1L << 31;

    /** Null before the first chain, and when its epochs are used up. */
    private @Nullable ProducerIdentity identity;

    private int nextSequence;
    private boolean broken;

    /** Whether the next batch that needs a sequence begins another chain. */
    boolean isBroken() {
        return broken;
    }

    /**
     * Makes sure that batches can be given sequences, in the next chain if this one is broken.
     *
     * @param chance told when that takes an identity which is not there yet
     * @return whether they can
     */
    boolean makeUsable(SendChance chance, ProducerIds ids) {
        if (broken && identity != null) {
            begin(identity.isLastEpoch() ? ids.after(identity) : identity.nextEpoch());
        }
        if (identity == null) {
            begin(ids.current());
        }
        if (identity == null) {
            chance.needIdentity();
        }
        return identity != null;
    }

    private void begin(@Nullable ProducerIdentity newIdentity) {
        identity = newIdentity;
        nextSequence = 0;
        broken = false;
    }

    /** Gives the batch the next sequences, one for each record. */
    void append(Batch batch) {
        batch.identity = identity;
        batch.baseSequence = nextSequence;
        nextSequence = (int) ((nextSequence + (long) batch.count()) % SEQUENCES);
    }

    /** Breaks at that batch, if it is of this chain or has no sequence. @return whether it did */
    boolean breakAt(Batch batch) {
        if (batch.identity != null && !batch.identity.equals(identity)) {
            return false;
        }
        broken = true;
        return true;
    }

    /** For tests: as if so many records had been sent. */
    void continueAt(int sequence) {
        nextSequence = sequence;
    }
}
