package dev.tidemark.client;

import org.jspecify.annotations.Nullable;

/** The producer id that the log gave, shared by all partitions until one of them has used up its epochs. Not thread-safe; the {@link Sender}'s lock guards it. */
final class ProducerIds {
    private @Nullable ProducerIdentity current;
    private boolean asking;
    private int failures;
    private long askAgainNanos;

    @Nullable
    ProducerIdentity current() {
        return current;
    }

    /** An identity with another id than that one's; null: ask for one. */
    @Nullable
    ProducerIdentity after(ProducerIdentity usedUp) {
        if (current != null && current.id() == usedUp.id()) {
            current = null;
        }
        return current;
    }

    /** Whether to ask now, which the caller then does. */
    boolean beginAsking(SendChance chance) {
        if (asking || current != null) {
            return false;
        }
        if (failures > 0 && chance.nowNanos - askAgainNanos < 0) {
            chance.lookAgainAt(askAgainNanos);
            return false;
        }
        asking = true;
        return true;
    }

    void received(ProducerIdentity identity) {
        asking = false;
        failures = 0;
        current = identity;
    }

    /** @return how often it has failed in a row */
    int failed() {
        asking = false;
        return ++failures;
    }

    void askAgainAt(long nanos) {
        askAgainNanos = nanos;
    }
}
