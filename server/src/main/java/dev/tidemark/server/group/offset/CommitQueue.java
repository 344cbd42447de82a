package dev.tidemark.server.group.offset;

import dev.tidemark.protocol.api.CommitOffsetsRequest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Commits that wait for the next database transaction, bounded in bytes. Thread-safe; one thread takes. */
final class CommitQueue {
    /** What commits together may take of PostgreSQL's lock table: no more than a single request does at the most. */
    private static final int MAX_LOCKS_TOGETHER = CommitOffsetsRequest.MAX_OFFSETS + 1;

    /** How soon a partition that was being given away is tried again. */
    private static final long BUSY_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    private final long maxBytes;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<PendingCommit> waiting = new ArrayDeque<>();
    private final ArrayDeque<PendingCommit> busy = new ArrayDeque<>();
    private long busyUntilNanos;
    private long bytes;
    private boolean closed;

    CommitQueue(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** What became of an attempt to queue. */
    enum Added {
        QUEUED,
        FULL,
        CLOSED
    }

    /** A single commit larger than the bound has room while nothing else is queued. */
    Added add(PendingCommit commit) {
        lock.lock();
        try {
            if (closed) {
                return Added.CLOSED;
            }
            if (bytes > 0 && bytes + commit.bytes() > maxBytes) {
                return Added.FULL;
            }
            bytes += commit.bytes();
            waiting.add(commit);
            changed.signal();
            return Added.QUEUED;
        } finally {
            lock.unlock();
        }
    }

    /** Puts a taken one back, to be taken again in some milliseconds. */
    void addBusy(PendingCommit commit) {
        lock.lock();
        try {
            busyUntilNanos = System.nanoTime() + BUSY_NANOS;
            busy.add(commit);
        } finally {
            lock.unlock();
        }
    }

    /** A commit that was taken has its answer. */
    void answered(PendingCommit commit) {
        lock.lock();
        try {
            bytes -= commit.bytes();
        } finally {
            lock.unlock();
        }
    }

    /** The commits to do next, in the order they came; waits for some. Empty when the queue is closed and everything in it was taken. */
    List<PendingCommit> next() {
        lock.lock();
        try {
            while (true) {
                List<PendingCommit> commits = take();
                if (!commits.isEmpty() || closed) {
                    return commits;
                }
                await();
            }
        } finally {
            lock.unlock();
        }
    }

    private List<PendingCommit> take() {
        List<PendingCommit> commits = new ArrayList<>();
        int room = MAX_LOCKS_TOGETHER;
        if (closed || System.nanoTime() - busyUntilNanos >= 0) {
            room = move(busy, commits, room);
        }
        move(waiting, commits, room);
        return commits;
    }

    /** As many as there is room for, in their order. @return the room that is left, in locks */
    private static int move(ArrayDeque<PendingCommit> from, List<PendingCommit> to, int room) {
        int left = room;
        while (!from.isEmpty() && from.element().commit().locks() <= left) {
            PendingCommit commit = from.remove();
            left -= commit.commit().locks();
            to.add(commit);
        }
        return left;
    }

    private void await() {
        try {
            if (busy.isEmpty()) {
                changed.await();
            } else {
                long unused = changed.awaitNanos(busyUntilNanos - System.nanoTime());
            }
        } catch (InterruptedException e) {
            // Only closing ends the committer, so that what was queued is answered.
            Thread.currentThread().interrupt();
            closed = true;
        }
    }

    /** No more commits; those that wait are still taken. */
    void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Of commits that wait, or are being done. */
    long bytes() {
        lock.lock();
        try {
            return bytes;
        } finally {
            lock.unlock();
        }
    }
}
