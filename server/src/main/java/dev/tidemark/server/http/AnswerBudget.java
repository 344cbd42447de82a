package dev.tidemark.server.http;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The bound on records held for answers that their readers have not taken yet. Thread-safe.
 *
 * <p>What one fetch may bring is a share of what is free, as switches give out their buffers (Choudhury and Hahne, "Dynamic Queue Length Thresholds"): readers who take
 * nothing leave less and less to the next one of their kind, but never nothing to the others.
 */
final class AnswerBudget {
    private static final int SHARES = 8;

    private final long maxBytes;
    private final Runnable full;
    private final AtomicLong takenBytes = new AtomicLong();

    /** @param full told when there is no room */
    AnswerBudget(long maxBytes, Runnable full) {
        this.maxBytes = maxBytes;
        this.full = full;
    }

    long takenBytes() {
        return takenBytes.get();
    }

    /** What a fetch that asks for so many bytes may read; at least 1, which still brings a record. */
    int share(int askedBytes) {
        return (int) Math.max(1, Math.min(askedBytes, (maxBytes - takenBytes.get()) / SHARES));
    }

    /**
     * Takes room for an answer; a single one larger than the bound has room while there is no other.
     *
     * @return gives it back, once
     * @throws ApiException THROTTLING_QUOTA_EXCEEDED when there is no room
     */
    Runnable take(long bytes) {
        long before = takenBytes.getAndAdd(bytes);
        if (before > 0 && before + bytes > maxBytes) {
            takenBytes.addAndGet(-bytes);
            full.run();
            throw new ApiException(
                    ErrorCode.THROTTLING_QUOTA_EXCEEDED,
                    "answers that wait to be taken hold " + before + " of " + maxBytes + " bytes; try again");
        }
        AtomicBoolean given = new AtomicBoolean();
        return () -> {
            if (given.compareAndSet(false, true)) {
                takenBytes.addAndGet(-bytes);
            }
        };
    }
}
