package dev.tidemark.client;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** Runs what completes callers' futures: in the order it was added, outside of all locks, on whichever sender thread comes by, one at a time. Thread-safe. */
final class Completions {
    private final Queue<Runnable> queue = new ConcurrentLinkedQueue<>();
    private final AtomicInteger unfinished = new AtomicInteger();

    void add(Runnable completion) {
        queue.add(completion);
    }

    /** Returns at once when another thread is at it; that one does the rest. */
    void run() {
        if (unfinished.getAndIncrement() > 0) {
            return;
        }
        int seen = 1;
        while (seen > 0) {
            for (Runnable completion = queue.poll(); completion != null; completion = queue.poll()) {
                completion.run();
            }
            seen = unfinished.addAndGet(-seen);
        }
    }
}
