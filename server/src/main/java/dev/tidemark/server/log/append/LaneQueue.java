package dev.tidemark.server.log.append;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/**
 * What waits for a lane: groups in the order they came, and parked ones, which came before the batch they follow. Bounded by {@link QueuedBytes}, which
 * the caller acquires before.
 */
final class LaneQueue {
    private static final long FIRST_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final long maxTransactionBytes;
    private final java.util.ArrayDeque<AppendGroup> waiting = new java.util.ArrayDeque<>();
    private final List<AppendGroup> parked = new ArrayList<>();
    private boolean closed;

    /** @param maxTransactionBytes what is appended together at the most, beyond a first group */
    LaneQueue(long maxTransactionBytes) {
        this.maxTransactionBytes = maxTransactionBytes;
    }

    /** @return false when the queue is closed */
    boolean add(AppendGroup group) {
        lock.lock();
        try {
            if (closed) {
                return false;
            }
            waiting.add(group);
            changed.signal();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Puts a group aside until something else comes from its producers, or its time is up. What it waits for may come by another server: so it is looked at
     * now and then, each time after twice as long.
     *
     * @return false when its time is up
     */
    boolean park(AppendGroup group) {
        long now = System.nanoTime();
        long parkedFor = now - group.parkedSince(now);
        long left = AppendLane.PARK_NANOS - parkedFor;
        if (left <= 0) {
            return false;
        }
        group.tryAgainAt(now + Math.min(Math.max(parkedFor, FIRST_LOOK_NANOS), left));
        lock.lock();
        try {
            if (closed) {
                return false;
            }
            parked.add(group);
            return true;
        } finally {
            lock.unlock();
        }
    }

    /**
     * The groups to append next; waits for some. Empty when the time is up, or the queue {@link #isEnded}.
     *
     * @param maxWaitNanos {@link Long#MAX_VALUE} waits for ever
     */
    List<AppendGroup> next(long maxWaitNanos) {
        long startNanos = System.nanoTime();
        lock.lock();
        try {
            while (true) {
                List<AppendGroup> groups = take();
                long leftNanos = maxWaitNanos - (System.nanoTime() - startNanos);
                if (!groups.isEmpty() || closed || leftNanos <= 0) {
                    return groups;
                }
                awaitChange(leftNanos);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Puts groups that were taken back before all others. */
    void putBack(Collection<AppendGroup> groups) {
        List<AppendGroup> lastFirst = new ArrayList<>(groups);
        Collections.reverse(lastFirst);
        lock.lock();
        try {
            lastFirst.forEach(waiting::addFirst);
        } finally {
            lock.unlock();
        }
    }

    /** Whether the queue is closed and everything in it was taken. */
    boolean isEnded() {
        lock.lock();
        try {
            return closed && waiting.isEmpty() && parked.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** No more groups; those that wait are still taken. */
    void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private List<AppendGroup> take() {
        Together together = new Together();
        unparkDue(together);
        while (!waiting.isEmpty() && together.hasRoom(waiting.element(), 1)) {
            together.add(waiting.remove());
        }
        unparkFollowers(together);
        return together.groups;
    }

    /** What goes into one database transaction: any one group, and more as long as there is room. */
    private final class Together {
        private final List<AppendGroup> groups = new ArrayList<>();
        private final Set<Integer> partitionIds = new HashSet<>();
        private long bytes;
        private int batches;

        /** @param share which part of the room may be taken: 1 all of it, 2 half */
        boolean hasRoom(AppendGroup group, int share) {
            return groups.isEmpty()
                    || bytes + group.bytes() <= maxTransactionBytes / share
                            && batches + group.batches().size() <= Appender.MAX_BATCHES / share
                            && hasRoomForLocks(group, Appender.MAX_PARTITIONS / share);
        }

        private boolean hasRoomForLocks(AppendGroup group, int maxPartitions) {
            long more = group.partitionIds().stream()
                    .filter(id -> !partitionIds.contains(id))
                    .count();
            return partitionIds.size() + more <= maxPartitions;
        }

        void add(AppendGroup group) {
            groups.add(group);
            partitionIds.addAll(group.partitionIds());
            bytes += group.bytes();
            batches += group.batches().size();
        }
    }

    /**
     * Before all others, whose backlog could take the room again and again: what they wait for may have come by another server. But not before what waits here
     * of their own producers, and in half of the room: there may be as many of them as there are others.
     */
    private void unparkDue(Together together) {
        long now = System.nanoTime();
        if (parked.stream().anyMatch(group -> isDue(group, now))) {
            Set<Sequence> before = sequences(waiting);
            unpark(together, 2, group -> isDue(group, now) && !hasAnyOf(group, before));
        }
    }

    private boolean isDue(AppendGroup group, long nowNanos) {
        return closed || nowNanos - group.tryAgainAt() >= 0;
    }

    /** Where something else of their producers goes along, which may be what they wait for. */
    private void unparkFollowers(Together together) {
        if (!parked.isEmpty()) {
            Set<Sequence> ahead = sequences(together.groups);
            unpark(together, 1, group -> hasAnyOf(group, ahead));
        }
    }

    /** Those there is no room for stay, and are looked at again. In one go: there may be tens of thousands. */
    private void unpark(Together together, int share, Predicate<AppendGroup> wanted) {
        parked.removeIf(group -> {
            boolean goes = wanted.test(group) && together.hasRoom(group, share);
            if (goes) {
                together.add(group);
            }
            return goes;
        });
    }

    /** What a producer sends to a partition, where each batch follows one before it. */
    private record Sequence(int partitionId, long producerId) {
        static Sequence of(CheckedBatch batch) {
            return new Sequence(batch.partitionId(), batch.frame().producerId());
        }
    }

    private static Set<Sequence> sequences(Collection<AppendGroup> groups) {
        Set<Sequence> sequences = new HashSet<>();
        groups.forEach(group -> group.batches().forEach(batch -> sequences.add(Sequence.of(batch))));
        return sequences;
    }

    private static boolean hasAnyOf(AppendGroup group, Set<Sequence> sequences) {
        return group.batches().stream().anyMatch(batch -> sequences.contains(Sequence.of(batch)));
    }

    private void awaitChange(long maxNanos) {
        try {
            long now = System.nanoTime();
            long next =
                    parked.stream().mapToLong(g -> g.tryAgainAt() - now).min().orElse(Long.MAX_VALUE);
            changed.awaitNanos(Math.min(maxNanos, Math.max(next, TimeUnit.MICROSECONDS.toNanos(100))));
        } catch (InterruptedException e) {
            // Only closing ends a lane, so that what was queued is answered.
            Thread.currentThread().interrupt();
            closed = true;
        }
    }
}
