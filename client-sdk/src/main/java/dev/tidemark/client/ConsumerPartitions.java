package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.FetchFrame;
import dev.tidemark.protocol.api.PartitionOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The partitions a consumer reads, where it is in each, and what has been fetched of them: where the polling thread and the {@link Fetcher} meet. Thread-safe. */
final class ConsumerPartitions {
    private final AutoOffsetReset autoOffsetReset;
    private final int prefetchBytes;
    private final ReentrantLock lock = new ReentrantLock();

    /** There may be something to fetch. */
    private final Condition wanted = lock.newCondition();

    /** There may be something to poll. */
    private final Condition arrived = lock.newCondition();

    private final Map<TopicPartition, ConsumerPartition> assigned = new LinkedHashMap<>();
    private long bufferedBytes;
    private int turn;
    private boolean wokenUp;
    private boolean closed;

    /** What breaks off the request that is under way, because there is more to ask for now. */
    private @Nullable Runnable breakOff;

    ConsumerPartitions(AutoOffsetReset autoOffsetReset, int prefetchBytes) {
        this.autoOffsetReset = autoOffsetReset;
        this.prefetchBytes = prefetchBytes;
    }

    // ---- the application's side

    void assign(Collection<TopicPartition> partitions) {
        lock.lock();
        try {
            for (ConsumerPartition gone : List.copyOf(assigned.values())) {
                if (!partitions.contains(gone.partition)) {
                    forget(gone);
                    assigned.remove(gone.partition);
                }
            }
            for (TopicPartition partition : partitions) {
                if (!assigned.containsKey(partition)) {
                    ConsumerPartition added = new ConsumerPartition(partition);
                    added.resetTo = specOf(autoOffsetReset);
                    assigned.put(partition, added);
                }
            }
            askAnew();
        } finally {
            lock.unlock();
        }
    }

    Set<TopicPartition> assignment() {
        lock.lock();
        try {
            return Set.copyOf(assigned.keySet());
        } finally {
            lock.unlock();
        }
    }

    Set<TopicPartition> paused() {
        lock.lock();
        try {
            Set<TopicPartition> paused = new LinkedHashSet<>();
            assigned.values().stream().filter(p -> p.paused).forEach(p -> paused.add(p.partition));
            return Set.copyOf(paused);
        } finally {
            lock.unlock();
        }
    }

    void seek(TopicPartition partition, long offset) {
        lock.lock();
        try {
            ConsumerPartition state = require(partition);
            forget(state);
            moveTo(state, offset);
            askAnew();
        } finally {
            lock.unlock();
        }
    }

    void seek(Collection<TopicPartition> partitions, OffsetSpec spec) {
        lock.lock();
        try {
            List<ConsumerPartition> states =
                    partitions.stream().map(this::require).toList();
            for (ConsumerPartition state : states) {
                forget(state);
                state.position = ConsumerPartition.NO_POSITION;
                state.resetTo = spec;
            }
            askAnew();
        } finally {
            lock.unlock();
        }
    }

    void pause(Collection<TopicPartition> partitions) {
        lock.lock();
        try {
            for (ConsumerPartition state :
                    partitions.stream().map(this::require).toList()) {
                state.paused = true;
                // What lies here unread would take room from the others for as long as the pause lasts; it is fetched
                // again.
                forget(state);
                if (state.hasPosition()) {
                    moveTo(state, state.position);
                }
            }
            wanted.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void resume(Collection<TopicPartition> partitions) {
        lock.lock();
        try {
            partitions.stream().map(this::require).toList().forEach(state -> state.paused = false);
            askAnew();
        } finally {
            lock.unlock();
        }
    }

    /**
     * The position once there is one.
     *
     * @throws TidemarkTimeoutException when there is none in time
     */
    long awaitPosition(TopicPartition partition, long nanos) throws InterruptedException {
        lock.lock();
        try {
            ConsumerPartition state = require(partition);
            long left = nanos;
            while (!state.hasPosition()) {
                throwFailure(state);
                if (left <= 0) {
                    throw new TidemarkTimeoutException("no position for " + partition + " in time", null);
                }
                left = arrived.awaitNanos(left);
            }
            return state.position;
        } finally {
            lock.unlock();
        }
    }

    /** The partitions to poll, beginning with another one each time. */
    List<ConsumerPartition> pollable() {
        lock.lock();
        try {
            List<ConsumerPartition> pollable = new ArrayList<>(assigned.size());
            assigned.values().stream().filter(p -> !p.paused).forEach(pollable::add);
            if (!pollable.isEmpty()) {
                Collections.rotate(pollable, -Math.floorMod(turn++, pollable.size()));
            }
            return pollable;
        } finally {
            lock.unlock();
        }
    }

    /** The next fetched records of the partition, after those it has done with; null when there are none. */
    @Nullable
    FetchedRecords next(ConsumerPartition state) {
        lock.lock();
        try {
            FetchedRecords done = state.current;
            if (done != null) {
                state.position = done.position();
                freed(done.size());
            }
            state.current = state.fetched.pollFirst();
            return state.current;
        } finally {
            lock.unlock();
        }
    }

    void advance(ConsumerPartition state, long position) {
        lock.lock();
        try {
            state.position = position;
        } finally {
            lock.unlock();
        }
    }

    /** Throws what went wrong after the last fetched record, once; fetching goes on then. */
    void throwFailure(ConsumerPartition state) {
        lock.lock();
        try {
            TidemarkException failure = state.failure;
            if (failure != null && state.current == null && state.fetched.isEmpty()) {
                state.failure = null;
                wanted.signalAll();
                throw failure;
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until there may be something to poll.
     *
     * @return whether the time was enough
     * @throws WakeupException when woken up
     */
    boolean awaitArrival(Deadline deadline) throws InterruptedException {
        lock.lock();
        try {
            while (true) {
                throwIfWokenUp();
                if (hasArrived()) {
                    return true;
                }
                if (deadline.leftNanos() <= 0 || arrived.awaitNanos(deadline.leftNanos()) <= 0) {
                    throwIfWokenUp();
                    return hasArrived();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** @throws WakeupException when woken up, once */
    void throwIfWokenUp() {
        lock.lock();
        try {
            if (wokenUp) {
                wokenUp = false;
                throw new WakeupException();
            }
        } finally {
            lock.unlock();
        }
    }

    void wakeup() {
        lock.lock();
        try {
            wokenUp = true;
            arrived.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void close() {
        lock.lock();
        try {
            closed = true;
            List.copyOf(assigned.values()).forEach(this::forget);
            assigned.clear();
            wanted.signalAll();
        } finally {
            lock.unlock();
        }
    }

    // ---- the fetcher's side

    /** What to ask the server for: positions to take, or records. */
    record Wanted(List<Place> resets, List<Place> fetches) {
        boolean isNothing() {
            return resets.isEmpty() && fetches.isEmpty();
        }
    }

    /** A partition at the place it is at now. */
    record Place(
            ConsumerPartition state,
            int moves,
            long offset,
            @Nullable OffsetSpec resetTo) {
        PartitionOffset request() {
            return new PartitionOffset(state.partition.topic(), state.partition.partition(), offset);
        }
    }

    /**
     * Waits until there is something to ask for.
     *
     * @param onChange runs when there is more to ask for, until {@link #answered}
     * @return null when closed
     */
    @Nullable
    Wanted awaitWanted(Runnable onChange) throws InterruptedException {
        lock.lock();
        try {
            while (!closed) {
                Wanted now = wantedNow();
                if (!now.isNothing()) {
                    breakOff = onChange;
                    return now;
                }
                wanted.await();
            }
            return null;
        } finally {
            lock.unlock();
        }
    }

    private Wanted wantedNow() {
        List<Place> resets = new ArrayList<>();
        List<Place> fetches = new ArrayList<>();
        for (ConsumerPartition state : assigned.values()) {
            if (state.needsReset()) {
                if (state.resetTo == null) {
                    state.failure = new NoOffsetException(state.partition);
                    arrived.signalAll();
                } else {
                    resets.add(new Place(state, state.moves, 0, state.resetTo));
                }
            } else if (state.isFetchable() && bufferedBytes < prefetchBytes) {
                fetches.add(new Place(state, state.moves, state.fetchFrom, null));
            }
        }
        return new Wanted(resets, fetches);
    }

    /** The request is over: nothing needs to be broken off any more. */
    void answered() {
        lock.lock();
        try {
            breakOff = null;
            // A break-off may have come too late to meet the request.
            Thread.interrupted();
        } finally {
            lock.unlock();
        }
    }

    void found(Place place, long offset) {
        lock.lock();
        try {
            if (place.moves() == place.state().moves) {
                moveTo(place.state(), offset);
                arrived.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** @return whether the section asks for a pause before the next request */
    boolean received(Place place, FetchFrame.Section section) {
        lock.lock();
        try {
            ConsumerPartition state = place.state();
            if (place.moves() != state.moves) {
                return false;
            }
            FetchFrame.SectionHeader header = section.header();
            if (header.errorCode() != 0) {
                return failed(place, header);
            }
            if (header.length() > 0) {
                state.fetched.addLast(new FetchedRecords(state.partition, section, place.offset()));
                bufferedBytes += header.length();
                arrived.signalAll();
            } else if (header.nextOffset() > state.position && state.current == null && state.fetched.isEmpty()) {
                state.position = header.nextOffset();
            }
            state.fetchFrom = header.nextOffset();
            return false;
        } finally {
            lock.unlock();
        }
    }

    private boolean failed(Place place, FetchFrame.SectionHeader header) {
        ErrorCode error = ErrorCode.byCode(header.errorCode()).orElse(ErrorCode.UNKNOWN_SERVER_ERROR);
        ConsumerPartition state = place.state();
        if (error.retriable()) {
            return true;
        }
        if (error != ErrorCode.OFFSET_OUT_OF_RANGE) {
            fail(place, Failures.of(error, state.partition + ": " + header.detail()));
        } else if (autoOffsetReset == AutoOffsetReset.NONE) {
            fail(
                    place,
                    new OffsetOutOfRangeException(
                            state.partition, place.offset(), header.logStartOffset(), header.highWatermark()));
        } else {
            boolean toStart = autoOffsetReset == AutoOffsetReset.EARLIEST;
            moveTo(state, toStart ? header.logStartOffset() : header.highWatermark());
            // A server that refuses what it offers itself is not asked in a tight loop.
            return state.fetchFrom == place.offset();
        }
        return false;
    }

    /** The next poll that has nothing else throws this. */
    void fail(Place place, TidemarkException failure) {
        lock.lock();
        try {
            if (place.moves() == place.state().moves) {
                place.state().failure = failure;
                arrived.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    // ---- under the lock

    private boolean hasArrived() {
        return assigned.values().stream()
                .anyMatch(p -> !p.paused && (p.current != null || !p.fetched.isEmpty() || p.failure != null));
    }

    private ConsumerPartition require(TopicPartition partition) {
        ConsumerPartition state = assigned.get(partition);
        if (state == null) {
            throw new IllegalStateException(partition + " is not assigned to this consumer");
        }
        return state;
    }

    private void moveTo(ConsumerPartition state, long offset) {
        state.position = offset;
        state.fetchFrom = offset;
        state.resetTo = null;
    }

    /** Drops what was fetched or asked for. */
    private void forget(ConsumerPartition state) {
        state.moves++;
        state.failure = null;
        long size = state.fetched.stream().mapToLong(FetchedRecords::size).sum();
        if (state.current != null) {
            size += state.current.size();
        }
        state.current = null;
        state.fetched.clear();
        freed(size);
    }

    private void freed(long bytes) {
        boolean wasFull = bufferedBytes >= prefetchBytes;
        bufferedBytes -= bytes;
        if (wasFull && bufferedBytes < prefetchBytes) {
            wanted.signalAll();
        }
    }

    private void askAnew() {
        wanted.signalAll();
        if (breakOff != null) {
            breakOff.run();
            breakOff = null;
        }
    }

    private static @Nullable OffsetSpec specOf(AutoOffsetReset reset) {
        return switch (reset) {
            case EARLIEST -> OffsetSpec.earliest();
            case LATEST -> OffsetSpec.latest();
            case NONE -> null;
        };
    }
}
