package dev.tidemark.client;

import dev.tidemark.protocol.FetchFrame;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The partitions a consumer reads, where it is in each, and what has been fetched of them: where the polling thread and the {@link Fetcher} meet. Thread-safe.
 */
final class ConsumerPartitions {
    private final AutoOffsetReset autoOffsetReset;
    private final int prefetchBytes;
    private final boolean startAtCommitted;

    /** Something to poll, or a position, is waited for here. */
    private final PollWait waits;

    private final ReentrantLock lock;

    /** There may be something to fetch. */
    private final Condition wanted;

    private final Map<TopicPartition, ConsumerPartition> assigned = new LinkedHashMap<>();
    private long bufferedBytes;
    private int turn;
    private boolean closed;

    /** Breaks off the request that is under way. */
    private @Nullable Runnable breakOff;

    /** @param startAtCommitted whether there is a group whose committed offset a partition begins at */
    ConsumerPartitions(AutoOffsetReset autoOffsetReset, int prefetchBytes, boolean startAtCommitted, PollWait waits) {
        this.autoOffsetReset = autoOffsetReset;
        this.prefetchBytes = prefetchBytes;
        this.startAtCommitted = startAtCommitted;
        this.waits = waits;
        this.lock = waits.lock;
        this.wanted = lock.newCondition();
    }

    // ---- for the application

    void assign(Collection<TopicPartition> partitions) {
        lock.lock();
        try {
            for (TopicPartition partition : List.copyOf(assigned.keySet())) {
                if (!partitions.contains(partition)) {
                    free(require(partition).forget());
                    assigned.remove(partition);
                }
            }
            for (TopicPartition partition : partitions) {
                assigned.computeIfAbsent(
                        partition, added -> new ConsumerPartition(added, autoOffsetReset, startAtCommitted));
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
            return assigned.values().stream()
                    .filter(partition -> partition.paused)
                    .map(partition -> partition.topicPartition)
                    .collect(Collectors.toUnmodifiableSet());
        } finally {
            lock.unlock();
        }
    }

    void seek(TopicPartition partition, long offset) {
        change(List.of(partition), state -> state.moveTo(offset), true);
    }

    void seek(Collection<TopicPartition> partitions, OffsetSpec spec) {
        change(partitions, state -> state.moveTo(spec), true);
    }

    void seekToCommitted(Collection<TopicPartition> partitions) {
        change(partitions, state -> state.moveToCommitted(autoOffsetReset), true);
    }

    /** What was fetched ahead of a paused partition would take room from the others for as long as the pause lasts: it is fetched again. */
    void pause(Collection<TopicPartition> partitions) {
        change(
                partitions,
                state -> {
                    state.paused = true;
                    return state.rewind();
                },
                false);
    }

    void resume(Collection<TopicPartition> partitions) {
        change(
                partitions,
                state -> {
                    state.paused = false;
                    return 0;
                },
                true);
    }

    /** Changes all or, when one of them is not assigned, none. */
    private void change(
            Collection<TopicPartition> partitions, ToLongFunction<ConsumerPartition> change, boolean asksAnew) {
        lock.lock();
        try {
            List<ConsumerPartition> states =
                    partitions.stream().map(this::require).toList();
            states.forEach(state -> free(change.applyAsLong(state)));
            if (asksAnew) {
                askAnew();
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * The position once there is one.
     *
     * @throws TidemarkTimeoutException when there is none in time
     */
    long awaitPosition(TopicPartition partition, Deadline deadline) throws InterruptedException {
        lock.lock();
        try {
            ConsumerPartition state = require(partition);
            boolean inTime = waits.awaitThroughWakeups(() -> state.hasPosition() || state.failsNext(), deadline);
            if (!state.hasPosition()) {
                throwFailure(state);
            }
            if (!inTime) {
                throw new TidemarkTimeoutException("the server did not say in time where " + partition + " is", null);
            }
            return state.position();
        } finally {
            lock.unlock();
        }
    }

    /** The partitions to poll, beginning with another one each time. */
    List<ConsumerPartition> pollable() {
        lock.lock();
        try {
            List<ConsumerPartition> pollable = new ArrayList<>(assigned.size());
            assigned.values().stream().filter(state -> !state.paused).forEach(pollable::add);
            if (!pollable.isEmpty()) {
                Collections.rotate(pollable, -Math.floorMod(turn++, pollable.size()));
            }
            return pollable;
        } finally {
            lock.unlock();
        }
    }

    /** The next fetched records of the partition, done with those before; null when there are none. */
    @Nullable
    FetchedRecords next(ConsumerPartition state) {
        lock.lock();
        try {
            free(state.takeNext());
            return state.current;
        } finally {
            lock.unlock();
        }
    }

    void advance(ConsumerPartition state, long position) {
        lock.lock();
        try {
            state.advance(position);
        } finally {
            lock.unlock();
        }
    }

    /** Throws what went wrong after the last fetched record, once. */
    void throwFailure(ConsumerPartition state) {
        lock.lock();
        try {
            TidemarkException failure = state.takeFailure();
            if (failure != null) {
                wanted.signalAll();
                throw failure;
            }
        } finally {
            lock.unlock();
        }
    }

    /** Whether there may be something to poll. Under the lock of those who wait. */
    boolean hasArrived() {
        return assigned.values().stream().anyMatch(ConsumerPartition::hasArrived);
    }

    /** Looks at, or changes what the polling thread alone changes, in each partition. */
    void forEach(Consumer<ConsumerPartition> look) {
        lock.lock();
        try {
            assigned.values().forEach(look);
        } finally {
            lock.unlock();
        }
    }

    void close() {
        lock.lock();
        try {
            closed = true;
            assigned.values().forEach(state -> free(state.forget()));
            assigned.clear();
            wanted.signalAll();
        } finally {
            lock.unlock();
        }
    }

    // ---- for the fetcher

    /**
     * Waits until there is something to ask for.
     *
     * @param onChange runs when there is more to ask for, until {@link #answered}
     * @return null when closed
     */
    @Nullable
    FetchWish awaitWish(Runnable onChange) throws InterruptedException {
        lock.lock();
        try {
            while (!closed) {
                FetchWish wish = wish();
                if (!wish.isNothing()) {
                    breakOff = onChange;
                    return wish;
                }
                wanted.await();
            }
            return null;
        } finally {
            lock.unlock();
        }
    }

    private FetchWish wish() {
        List<Place> committed = new ArrayList<>();
        List<Place> resets = new ArrayList<>();
        List<Place> fetches = new ArrayList<>();
        boolean hasRoom = bufferedBytes < prefetchBytes;
        for (ConsumerPartition state : assigned.values()) {
            Place place = state.question(hasRoom);
            if (place != null) {
                (place.atCommitted() ? committed : place.resetTo() == null ? fetches : resets).add(place);
            }
        }
        // A question that cannot be asked is a failure to poll.
        waits.signal();
        return new FetchWish(committed, resets, fetches);
    }

    /** The request is over: nothing needs to be broken off any more. */
    void answered() {
        lock.lock();
        try {
            breakOff = null;
            // It may have been broken off too late to notice.
            Thread.interrupted();
        } finally {
            lock.unlock();
        }
    }

    void found(Place place, long offset) {
        lock.lock();
        try {
            if (place.isStill()) {
                place.partition().found(offset);
                waits.signal();
            }
        } finally {
            lock.unlock();
        }
    }

    /** @param offset null when the group has committed none */
    void foundCommitted(Place place, @Nullable OffsetAndMetadata offset) {
        lock.lock();
        try {
            if (place.isStill()) {
                place.partition().foundCommitted(offset);
                waits.signal();
            }
        } finally {
            lock.unlock();
        }
    }

    /** @return whether to pause before asking again */
    boolean received(Place place, FetchFrame.Section section) {
        lock.lock();
        try {
            if (!place.isStill()) {
                return false;
            }
            waits.signal();
            if (section.header().errorCode() != 0) {
                return place.partition().refused(place, section.header(), autoOffsetReset);
            }
            place.partition().received(place, section);
            bufferedBytes += section.header().length();
            return false;
        } finally {
            lock.unlock();
        }
    }

    /** The next poll that has nothing else throws this. */
    void fail(Place place, TidemarkException failure) {
        lock.lock();
        try {
            if (place.isStill()) {
                place.partition().fail(failure);
                waits.signal();
            }
        } finally {
            lock.unlock();
        }
    }

    // ---- under the lock

    private ConsumerPartition require(TopicPartition partition) {
        ConsumerPartition state = assigned.get(partition);
        if (state == null) {
            throw new IllegalStateException(partition + " is not assigned to this consumer");
        }
        return state;
    }

    private void free(long bytes) {
        boolean wasFull = bufferedBytes >= prefetchBytes;
        bufferedBytes -= bytes;
        if (wasFull && bufferedBytes < prefetchBytes) {
            wanted.signalAll();
        }
    }

    /** There is something else to ask for than what is being asked. */
    private void askAnew() {
        wanted.signalAll();
        if (breakOff != null) {
            breakOff.run();
            breakOff = null;
        }
    }
}
