package dev.tidemark.client;

import java.util.ConcurrentModificationException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Sees to it that one thread at a time uses an object that is not thread-safe, and says so otherwise. The thread itself may come in again, from a deserializer for one. */
final class SingleUser {
    private final AtomicReference<@Nullable Thread> user = new AtomicReference<>();
    private final Turn turn = new Turn();
    private int depth;

    /** @throws ConcurrentModificationException when another thread is in */
    Turn enter() {
        Thread me = Thread.currentThread();
        if (user.get() != me && !user.compareAndSet(null, me)) {
            throw new ConcurrentModificationException(
                    "the consumer is in use by another thread; only wakeup may be called from any");
        }
        depth++;
        return turn;
    }

    /** Ends where it is closed. */
    final class Turn implements AutoCloseable {
        private Turn() {}

        @Override
        public void close() {
            if (--depth == 0) {
                user.set(null);
            }
        }
    }
}
