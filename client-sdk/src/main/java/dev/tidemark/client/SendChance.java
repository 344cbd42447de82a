package dev.tidemark.client;

/**
 * What a partition may send now, and what it says about later: filled while the sender looks at one partition after the other.
 */
final class SendChance {
    final long nowNanos;

    /** Batches begun at or before this are sent though they are not full. */
    final long partialBegunBefore;

    /** Batches begun at or before this have had their time. */
    final long expiredBegunBefore;

    private boolean needsIdentity;
    private long nextLookNanos;
    private boolean looksAgain;

    SendChance(long nowNanos, long partialBegunBefore, long expiredBegunBefore) {
        this.nowNanos = nowNanos;
        this.partialBegunBefore = partialBegunBefore;
        this.expiredBegunBefore = expiredBegunBefore;
    }

    void needIdentity() {
        needsIdentity = true;
    }

    boolean needsIdentity() {
        return needsIdentity;
    }

    /** Something changes at that time without anybody saying so. */
    void lookAgainAt(long nanos) {
        if (!looksAgain || nanos - nextLookNanos < 0) {
            looksAgain = true;
            nextLookNanos = nanos;
        }
    }

    /** How long nothing changes by itself; {@code Long.MAX_VALUE}: until somebody says so. */
    long quietNanos() {
        return looksAgain ? Math.max(nextLookNanos - nowNanos, 0) : Long.MAX_VALUE;
    }
}
