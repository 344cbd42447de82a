package dev.tidemark.server.log.append;

import java.util.concurrent.atomic.AtomicLong;

/** The bound on bytes waiting to be appended, over all lanes. */
final class QueuedBytes {
    private final long max;
    private final AtomicLong used = new AtomicLong();

    QueuedBytes(long max) {
        this.max = max;
    }

    long max() {
        return max;
    }

    long used() {
        return used.get();
    }

    /** Whether there was room; a single request larger than the bound has room while nothing else is queued. */
    boolean tryAcquire(long bytes) {
        long before = used.get();
        while (before == 0 || before + bytes <= max) {
            if (used.compareAndSet(before, before + bytes)) {
                return true;
            }
            before = used.get();
        }
        return false;
    }

    void release(long bytes) {
        used.addAndGet(-bytes);
    }
}
