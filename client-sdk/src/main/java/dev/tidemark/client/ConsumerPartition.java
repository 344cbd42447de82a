package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.FetchFrame;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** What a consumer knows of a partition it reads. Guarded by the lock of {@link ConsumerPartitions}; what {@link #current} refers to is the polling thread's alone. */
final class ConsumerPartition {
    private static final long NO_POSITION = -1;

    final TopicPartition topicPartition;

    /** Being decoded by the polling thread. */
    @Nullable
    FetchedRecords current;

    boolean paused;

    /** Counts the changes of place, so that an answer to a question from before one is not taken. */
    int moves;

    private final Deque<FetchedRecords> fetched = new ArrayDeque<>();
    private long position = NO_POSITION;
    private long fetchFrom;

    /** Where to take a position from while there is none; null: from nowhere. */
    private @Nullable OffsetSpec resetTo;

    /** Whether the position is to be the group's committed offset, before {@link #resetTo} is looked at. */
    private boolean atCommitted;

    /** The position that is committed, as far as is known. */
    private long committed = NO_POSITION;

    /** The position that was last given into a transaction of somebody else's, who has not been heard of since. */
    private long handedOut = NO_POSITION;

    /** When the record before the position was read. */
    private @Nullable Integer leaderEpoch;

    /** Comes after what is fetched; nothing more is fetched until it has been thrown. */
    private @Nullable TidemarkException failure;

    ConsumerPartition(TopicPartition topicPartition, AutoOffsetReset autoOffsetReset, boolean atCommitted) {
        this.topicPartition = topicPartition;
        this.resetTo = specOf(autoOffsetReset);
        this.atCommitted = atCommitted;
    }

    private static @Nullable OffsetSpec specOf(AutoOffsetReset reset) {
        return switch (reset) {
            case EARLIEST -> OffsetSpec.earliest();
            case LATEST -> OffsetSpec.latest();
            case NONE -> null;
        };
    }

    boolean hasPosition() {
        return position != NO_POSITION;
    }

    /** The offset of the next record the application gets. */
    long position() {
        return position;
    }

    void advance(long newPosition) {
        position = newPosition;
        if (current != null) {
            leaderEpoch = current.leaderEpoch();
        }
    }

    /** The position as something to commit; null when there is none, or it is known to be committed. */
    @Nullable
    OffsetAndMetadata uncommitted() {
        return hasPosition() && position != committed ? new OffsetAndMetadata(position, leaderEpoch, "") : null;
    }

    /** That offset is committed. */
    void committed(long offset) {
        committed = offset;
    }

    /** That offset is in a transaction of somebody else's. */
    void handOut(long offset) {
        handedOut = offset;
    }

    /** Polling goes on without a seek, so what was handed out has been committed. */
    void takeHandedOutForCommitted() {
        if (handedOut != NO_POSITION) {
            committed = handedOut;
            handedOut = NO_POSITION;
        }
    }

    /** Whether a poll finds something here, good or bad. */
    boolean hasArrived() {
        return !paused && (current != null || !fetched.isEmpty() || failure != null);
    }

    /** Takes up the next fetched records, done with those before. @return bytes that have become free */
    long takeNext() {
        FetchedRecords done = current;
        if (done != null) {
            position = done.position();
        }
        current = fetched.pollFirst();
        return done == null ? 0 : done.size();
    }

    /** Whether {@link #takeFailure} has one. */
    boolean failsNext() {
        return current == null && fetched.isEmpty() && failure != null;
    }

    /** What comes after the last fetched record, once; fetching goes on then. Null when there is none, or records before it. */
    @Nullable
    TidemarkException takeFailure() {
        if (current != null || !fetched.isEmpty()) {
            return null;
        }
        TidemarkException taken = failure;
        failure = null;
        return taken;
    }

    /** Goes on at that offset. @return bytes that have become free */
    long moveTo(long offset) {
        long freed = forget();
        leavePlace();
        setPosition(offset);
        return freed;
    }

    /** Goes on where the spec says, once the server has said where that is. @return bytes that have become free */
    long moveTo(@Nullable OffsetSpec spec) {
        long freed = forget();
        leavePlace();
        resetTo = spec;
        return freed;
    }

    /** Goes on at the committed offset, once the server has said where that is. @return bytes that have become free */
    long moveToCommitted(AutoOffsetReset autoOffsetReset) {
        long freed = moveTo(specOf(autoOffsetReset));
        atCommitted = true;
        return freed;
    }

    private void leavePlace() {
        position = NO_POSITION;
        handedOut = NO_POSITION;
        leaderEpoch = null;
        atCommitted = false;
    }

    /** Fetches again from the position what was fetched ahead. @return bytes that have become free */
    long rewind() {
        long freed = forget();
        if (hasPosition()) {
            setPosition(position);
        }
        return freed;
    }

    /** Drops what was fetched or asked for. @return bytes that have become free */
    long forget() {
        moves++;
        failure = null;
        long freed = fetched.stream().mapToLong(FetchedRecords::size).sum();
        if (current != null) {
            freed += current.size();
        }
        current = null;
        fetched.clear();
        return freed;
    }

    private void setPosition(long offset) {
        position = offset;
        fetchFrom = offset;
        resetTo = null;
    }

    /** The question to ask the server next, if there is one; without a position and without a way to one, that is a failure. */
    @Nullable
    Place question(boolean hasRoom) {
        if (failure != null) {
            return null;
        }
        if (!hasPosition()) {
            if (atCommitted) {
                return new Place(this, moves, 0, null, true);
            }
            if (resetTo == null) {
                failure = new NoOffsetException(topicPartition);
                return null;
            }
            return new Place(this, moves, 0, resetTo, false);
        }
        return paused || !hasRoom ? null : new Place(this, moves, fetchFrom, null, false);
    }

    /** The server has said where the spec is. */
    void found(long offset) {
        setPosition(offset);
    }

    /** The server has said what the group has committed: null when nothing. */
    void foundCommitted(@Nullable OffsetAndMetadata found) {
        atCommitted = false;
        if (found != null) {
            committed = found.offset();
            setPosition(found.offset());
        }
    }

    void fail(TidemarkException newFailure) {
        failure = newFailure;
    }

    /** The server has answered with records, or with none. */
    void received(Place place, FetchFrame.Section section) {
        FetchFrame.SectionHeader header = section.header();
        if (header.length() > 0) {
            fetched.addLast(new FetchedRecords(topicPartition, section, place.offset()));
        } else if (current == null && fetched.isEmpty()) {
            position = header.nextOffset();
        }
        fetchFrom = header.nextOffset();
    }

    /** The server has answered with an error. @return whether to pause before asking again */
    boolean refused(Place place, FetchFrame.SectionHeader header, AutoOffsetReset autoOffsetReset) {
        ErrorCode error = ErrorCode.byCode(header.errorCode()).orElse(ErrorCode.UNKNOWN_SERVER_ERROR);
        if (error.retriable()) {
            return true;
        }
        if (error != ErrorCode.OFFSET_OUT_OF_RANGE) {
            fail(Failures.of(error, topicPartition + ": " + header.detail()));
            return false;
        }
        long start = header.logStartOffset();
        long end = header.highWatermark();
        // Beyond the end there was something once: to go on at the end as if nothing had happened would hide what is
        // lost.
        if (autoOffsetReset == AutoOffsetReset.NONE || place.offset() > end) {
            fail(new OffsetOutOfRangeException(topicPartition, place.offset(), start, end));
            return false;
        }
        setPosition(autoOffsetReset == AutoOffsetReset.EARLIEST ? start : end);
        // A server that refuses what it offers itself is not asked in a tight loop.
        return fetchFrom == place.offset();
    }
}
