package dev.tidemark.server.log.append;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.Iterator;
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
        List<AppendGroup> groups = new ArrayList<>();
        Set<Integer> partitionIds = new HashSet<>();
        unparkDue(groups, partitionIds);
        long bytes = 0;
        while (!waiting.isEmpty()
                && (groups.isEmpty()
                        || bytes + waiting.element().bytes() <= maxTransactionBytes
                                && hasRoom(partitionIds, waiting.element()))) {
            AppendGroup group = waiting.remove();
            bytes += group.bytes();
            partitionIds.addAll(group.partitionIds());
            groups.add(group);
        }
        unparkFollowers(groups, partitionIds);
        return groups;
    }

    /** Whether the locks of a group's partitions may be taken in one database transaction with those. */
    private static boolean hasRoom(Set<Integer> partitionIds, AppendGroup group) {
        long more = group.partitionIds().stream()
                .filter(id -> !partitionIds.contains(id))
                .count();
        return partitionIds.size() + more <= Appender.MAX_PARTITIONS;
    }

    /**
     * Before all others, whose backlog could take the room again and again: what they wait for may have come by another server. But not before what waits here
     * of their own producers.
     */
    private void unparkDue(List<AppendGroup> groups, Set<Integer> partitionIds) {
        if (!parked.isEmpty()) {
            long now = System.nanoTime();
            unpark(
                    groups,
                    partitionIds,
                    group -> (closed || now - group.tryAgainAt() >= 0)
                            && waiting.stream().noneMatch(other -> sharesProducer(group, other)));
        }
    }

    /** Where something else of their producers goes along, which may be what they wait for. */
    private void unparkFollowers(List<AppendGroup> groups, Set<Integer> partitionIds) {
        if (!parked.isEmpty()) {
            List<AppendGroup> ahead = List.copyOf(groups);
            unpark(groups, partitionIds, group -> ahead.stream().anyMatch(other -> sharesProducer(group, other)));
        }
    }

    /** Those there is no room for stay, and are looked at again. */
    private void unpark(List<AppendGroup> groups, Set<Integer> partitionIds, Predicate<AppendGroup> wanted) {
        for (Iterator<AppendGroup> i = parked.iterator(); i.hasNext(); ) {
            AppendGroup group = i.next();
            if (wanted.test(group) && hasRoom(partitionIds, group)) {
                i.remove();
                partitionIds.addAll(group.partitionIds());
                groups.add(group);
            }
        }
    }

    private static boolean sharesProducer(AppendGroup parked, AppendGroup other) {
        return parked.batches().stream()
                .anyMatch(batch -> other.batches().stream()
                        .anyMatch(b -> b.frame().producerId() == batch.frame().producerId()
                                && b.partitionId() == batch.partitionId()));
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
