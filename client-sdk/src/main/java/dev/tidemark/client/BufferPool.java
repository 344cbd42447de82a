package dev.tidemark.client;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The producer's bounded memory, in chunks of one size that are used again; a larger record gets a chunk of its own size. Who waits is served in turn, so that a large record is not
 * starved by small ones (as in Kafka's BufferPool). Thread-safe.
 */
final class BufferPool {
    private final long capacity;
    private final int chunkBytes;
    private final ReentrantLock lock = new ReentrantLock();
    private final Deque<byte[]> free = new ArrayDeque<>();
    private final Deque<Condition> waiting = new ArrayDeque<>();
    private long used;
    private volatile boolean exhausted;

    BufferPool(long capacity, int chunkBytes) {
        this.capacity = capacity;
        this.chunkBytes = chunkBytes;
    }

    /** Whether somebody waits for memory: time to send what is there. */
    boolean isExhausted() {
        return exhausted;
    }

    long usedBytes() {
        lock.lock();
        try {
            return used;
        } finally {
            lock.unlock();
        }
    }

    /**
     * A chunk of at least that size, which the capacity allows.
     *
     * @param beforeWaiting runs before this waits, under no lock
     * @throws BufferExhaustedException when there is none within the time
     */
    Chunk acquire(int size, Duration maxBlock, Runnable beforeWaiting) {
        int need = Math.max(size, chunkBytes);
        Chunk chunk = tryAcquire(need);
        return chunk != null ? chunk : await(need, maxBlock, beforeWaiting);
    }

    private @Nullable Chunk tryAcquire(int need) {
        lock.lock();
        try {
            return waiting.isEmpty() && used + need <= capacity ? take(need) : null;
        } finally {
            lock.unlock();
        }
    }

    private Chunk take(int need) {
        used += need;
        byte[] again = need == chunkBytes ? free.pollLast() : null;
        return new Chunk(again == null ? new byte[need] : again, need);
    }

    private Chunk await(int need, Duration maxBlock, Runnable beforeWaiting) {
        Condition myTurn = queueUp();
        beforeWaiting.run();
        lock.lock();
        try {
            long left = Deadline.nanos(maxBlock);
            while (waiting.peekFirst() != myTurn || used + need > capacity) {
                if (left <= 0) {
                    throw new BufferExhaustedException(
                            "no room for " + need + " bytes within " + maxBlock.toMillis() + " ms: " + used + " of "
                                    + capacity + " are waiting to be sent",
                            null);
                }
                left = myTurn.awaitNanos(left);
            }
            return take(need);
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        } finally {
            waiting.remove(myTurn);
            exhausted = !waiting.isEmpty();
            // Whoever is next may fit as well, now or because this one gave up.
            signalFirst();
            lock.unlock();
        }
    }

    private Condition queueUp() {
        lock.lock();
        try {
            Condition myTurn = lock.newCondition();
            waiting.addLast(myTurn);
            exhausted = true;
            return myTurn;
        } finally {
            lock.unlock();
        }
    }

    /** @param reusable false when a broken-off request may still be reading the array */
    void release(Chunk chunk, boolean reusable) {
        lock.lock();
        try {
            used -= chunk.reserved;
            if (reusable && chunk.bytes.length == chunkBytes) {
                free.addLast(chunk.bytes);
            }
            signalFirst();
        } finally {
            lock.unlock();
        }
    }

    private void signalFirst() {
        Condition first = waiting.peekFirst();
        if (first != null) {
            first.signal();
        }
    }
}
