package dev.tidemark.server.outbox;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.log.RecordLog;
import dev.tidemark.server.log.append.Acks;
import dev.tidemark.server.log.append.AppendRequest;
import dev.tidemark.server.log.append.BatchOutcome;
import dev.tidemark.server.log.append.Companion;
import dev.tidemark.server.log.quota.ThrottledException;
import dev.tidemark.server.topic.Topics;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts staged records into the log, slice by slice. A thread of its own runs it on every server; the oldest one is in charge, and the others look now and
 * then whether it goes on. That is only so that they do not meet: what keeps each slice from being appended twice is the position, which moves in the
 * append's own database transaction.
 */
final class Sequencer implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(Sequencer.class);

    /** In memory at a time, and in one database transaction. */
    private static final int MAX_RECORDS = 5_000;

    private static final long MAX_BYTES = 4 << 20;

    /** As long as an append may stand still. */
    private static final Duration STALLED_AFTER = Duration.ofSeconds(2);

    private static final Duration HOUSEKEEPING_EVERY = Duration.ofSeconds(5);
    private static final long FIRST_RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final long LAST_RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** What only another record makes good: the one at fault is looked for, and left out. */
    private static final Set<ErrorCode> RECORDS_FAULT = Set.of(
            ErrorCode.INVALID_RECORD,
            ErrorCode.INVALID_REQUEST,
            ErrorCode.INVALID_TIMESTAMP,
            ErrorCode.MESSAGE_TOO_LARGE);

    private final StagedRecords staged;
    private final SliceBatches batches;
    private final RecordLog log;
    private final BooleanSupplier isOldest;
    private final Rotation rotation;
    private final OutboxMetrics metrics;
    private final CountDownLatch stopped = new CountDownLatch(1);

    // On the thread only.
    private final Pace pace = new Pace(System.nanoTime());
    private boolean hasTakenOver;
    private long unmovedPosition = NONE;
    private long lockedSinceNanos = NONE;
    private int maxRecords = MAX_RECORDS;
    private long retryNanos = FIRST_RETRY_NANOS;
    private boolean isFailing;
    private long tidiedAtNanos = System.nanoTime();
    private boolean hasTidied;

    private static final long NONE = -1;

    Sequencer(
            StagedRecords staged,
            Topics topics,
            RecordLog log,
            BooleanSupplier isOldest,
            Rotation rotation,
            OutboxMetrics metrics) {
        this.staged = staged;
        this.batches = new SliceBatches(topics);
        this.log = log;
        this.isOldest = isOldest;
        this.rotation = rotation;
        this.metrics = metrics;
    }

    /** From now on nothing is begun. */
    void stop() {
        stopped.countDown();
    }

    @Override
    public void run() {
        try {
            long waitNanos = 0;
            while (!stopped.await(waitNanos, TimeUnit.NANOSECONDS)) {
                waitNanos = round();
            }
        } catch (InterruptedException e) {
            // A stop that is in a hurry: what was under way takes place or not, and the position says which.
            Thread.currentThread().interrupt();
        }
    }

    /** @return how long to wait until the next one */
    private long round() throws InterruptedException {
        try {
            tidy();
            long waitNanos = hasTakenOver || isOldest.getAsBoolean() ? putNext() : lookAfterOther();
            if (isFailing) {
                LOG.info("staged records are put into the log again");
            }
            isFailing = false;
            retryNanos = FIRST_RETRY_NANOS;
            return waitNanos;
        } catch (ThrottledException e) {
            return Math.min(e.retryAfter().toNanos(), LAST_RETRY_NANOS);
        } catch (SQLException | RuntimeException e) {
            return afterFailure(String.valueOf(e.getMessage()));
        }
    }

    private long afterFailure(String reason) {
        if (!isFailing) {
            LOG.warn("staged records wait, to be tried again reason=\"{}\"", reason);
        }
        isFailing = true;
        long waitNanos = retryNanos;
        retryNanos = Math.min(2 * retryNanos, LAST_RETRY_NANOS);
        return waitNanos;
    }

    private long putNext() throws SQLException, InterruptedException {
        StagedSlice slice = staged.next(maxRecords, MAX_BYTES);
        return slice == null ? pace.afterNothing(System.nanoTime()) : put(slice);
    }

    /** Something waits, twice in a row, and nobody has moved the position in between: then the other is gone, or stands still. */
    private long lookAfterOther() throws SQLException {
        StagedSlice first = staged.next(1, 0);
        long position = first == null ? NONE : first.positionId();
        if (position != NONE && position == unmovedPosition) {
            LOG.info("staged records wait and no other server puts them into the log: this one does");
            hasTakenOver = true;
            return 0;
        }
        unmovedPosition = position;
        return Pace.STANDBY_NANOS;
    }

    private long put(StagedSlice read) throws SQLException, InterruptedException {
        SliceBatches.Batches made = batches.of(read.records());
        StagedSlice slice = read.first(made.taken());
        Advancing advancing = new Advancing(slice);
        BatchOutcome.Refused refused = append(made.entries(), advancing);
        if (refused == null) {
            appended(made);
            return pace.afterWork(System.nanoTime());
        }
        if (advancing.result != StagedRecords.Advance.ADVANCED) {
            return outrun(advancing.result);
        }
        if (!RECORDS_FAULT.contains(refused.error())) {
            throw new ApiException(refused.error(), refused.detail());
        }
        if (slice.records().size() > 1) {
            maxRecords = Math.max(1, slice.records().size() / 2);
            return 0;
        }
        return leaveOut(slice, refused);
    }

    /** @return null when it is done */
    private BatchOutcome.@Nullable Refused append(List<AppendRequest.Entry> entries, Advancing advancing)
            throws InterruptedException {
        try {
            if (entries.isEmpty()) {
                log.alone(advancing, Acks.ALL);
                return null;
            }
            AppendRequest request =
                    new AppendRequest(entries, Acks.ALL, true, "outbox", AppendRequest.Check.STORABLE, advancing);
            return log.append(request).get().stream()
                    .filter(BatchOutcome.Refused.class::isInstance)
                    .map(BatchOutcome.Refused.class::cast)
                    .findFirst()
                    .orElse(null);
        } catch (ThrottledException e) {
            throw e;
        } catch (ApiException e) {
            return new BatchOutcome.Refused(e.error(), e.detail());
        } catch (ExecutionException e) {
            throw new IllegalStateException("an append was not answered", e);
        }
    }

    private void appended(SliceBatches.Batches made) {
        lockedSinceNanos = NONE;
        maxRecords = Math.min(MAX_RECORDS, 2 * maxRecords);
        metrics.sequenced(made.records(), System.currentTimeMillis());
        if (!made.orphans().isEmpty()) {
            LOG.warn(
                    "staged records dropped, their topics have been deleted records={} first_id={}",
                    made.orphans().size(),
                    made.orphans().get(0).id());
            metrics.dropped("topic_deleted", made.orphans().size());
        }
    }

    /** Another server is at it, or has been: that one goes on, unless it stands still. */
    private long outrun(StagedRecords.@Nullable Advance result) throws SQLException {
        hasTakenOver = false;
        unmovedPosition = NONE;
        long now = System.nanoTime();
        if (result != StagedRecords.Advance.LOCKED) {
            lockedSinceNanos = NONE;
        } else if (lockedSinceNanos == NONE) {
            lockedSinceNanos = now;
        } else if (now - lockedSinceNanos > STALLED_AFTER.toNanos() && staged.endStalled(STALLED_AFTER)) {
            LOG.warn("a server stood still while it put staged records into the log: its session was ended");
            lockedSinceNanos = NONE;
        }
        return Pace.QUICK_NANOS;
    }

    /** Cannot be: what is staged was checked. Still, one record must not hold up all that follow. */
    private long leaveOut(StagedSlice slice, BatchOutcome.Refused refused) {
        StagedRecord record = slice.records().get(0);
        LOG.error(
                "staged record dropped, it cannot be stored id={} topic={} principal={} error={} detail=\"{}\"",
                record.id(),
                record.topic() == null ? "" : record.topic().name(),
                record.principal(),
                refused.error(),
                refused.detail());
        log.alone(new Advancing(slice), Acks.ALL);
        metrics.dropped("not_storable", 1);
        maxRecords = MAX_RECORDS;
        return 0;
    }

    private void tidy() throws SQLException {
        long now = System.nanoTime();
        if (hasTidied && now - tidiedAtNanos < HOUSEKEEPING_EVERY.toNanos()) {
            return;
        }
        tidiedAtNanos = now;
        metrics.measured(staged.backlog());
        staged.dropOldPositions(!hasTidied);
        hasTidied = true;
        String done = staged.rotate(rotation);
        if (done != null) {
            LOG.debug("staging tables rotated step={}", done);
        }
    }

    /** Moves the position with the append. */
    private final class Advancing implements Companion {
        private final StagedSlice slice;

        /** Of the last try; also where the append is refused before it comes to that. Written by the lane, read after its answer. */
        private volatile StagedRecords.Advance result = StagedRecords.Advance.ADVANCED;

        Advancing(StagedSlice slice) {
            this.slice = slice;
        }

        @Override
        public void inTransaction(Connection connection) throws SQLException {
            result = staged.advance(connection, slice);
            if (result != StagedRecords.Advance.ADVANCED) {
                throw new ApiException(
                        ErrorCode.BROKER_NOT_AVAILABLE, "another server puts staged records into the log");
            }
        }
    }
}
