package dev.tidemark.server.log.fetch;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;

/** Work that is asked for from many sides and done by one thread at a time: asked for while it is under way, it is done once more. Thread-safe. */
final class OneAtATime {
    private final Executor executor;
    private final Runnable work;
    /** Times it was asked for and not yet done. */
    private final AtomicInteger asked = new AtomicInteger();

    /** @param work must not throw; what it does at one time is seen the next */
    OneAtATime(Executor executor, Runnable work) {
        this.executor = executor;
        this.work = work;
    }

    /** Soon, and after this call; never when the executor is stopping. */
    void ask() {
        if (asked.getAndIncrement() == 0) {
            try {
                executor.execute(this::run);
            } catch (RejectedExecutionException stopping) {
                asked.set(0);
            }
        }
    }

    boolean isUnderWay() {
        return asked.get() != 0;
    }

    private void run() {
        int seen;
        do {
            seen = asked.get();
            work.run();
        } while (!asked.compareAndSet(seen, 0));
    }
}
