package dev.tidemark.server.group.offset;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.group.GroupLimits;
import dev.tidemark.server.log.quota.ThrottledException;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.postgres.SqlStates;
import dev.tidemark.server.postgres.StandbyWaits;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Commits offsets for all clients of this server, as many requests as wait, in one database transaction after another: group commit by back-pressure, without a
 * timer, on one thread and one connection. Thread-safe.
 */
final class OffsetCommitter implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(OffsetCommitter.class);
    private static final Duration RETRY_WHEN_FULL = Duration.ofSeconds(1);
    private static final Duration STOP_WITHIN = Duration.ofSeconds(10);

    /** Rows that are missing are made once; only a group deleted at that moment needs it again. */
    private static final int MAX_TRIES = 5;

    private final CommitQueue queue;
    private final CommitTransaction transaction;
    private final StandbyWaits waits;
    private final CommitMetrics metrics;
    private final Thread thread = new Thread(this::run, "offset-committer");

    /** @param maxQueuedBytes past which requests are refused */
    OffsetCommitter(Database database, GroupLimits limits, long maxQueuedBytes, CommitMetrics metrics) {
        this.queue = new CommitQueue(maxQueuedBytes);
        this.transaction = new CommitTransaction(database, limits);
        this.waits = new StandbyWaits(database);
        this.metrics = metrics;
        metrics.watch(queue);
        thread.setDaemon(true);
        thread.start();
    }

    /**
     * Queues a commit. The future completes on this class's thread once it is committed, or fails with {@link ApiException}.
     *
     * @throws ApiException THROTTLING_QUOTA_EXCEEDED, BROKER_NOT_AVAILABLE; nothing was queued
     */
    CompletableFuture<Void> commit(OffsetCommit commit) {
        PendingCommit pending = new PendingCommit(commit);
        switch (queue.add(pending)) {
            case FULL -> {
                metrics.refused(ErrorCode.THROTTLING_QUOTA_EXCEEDED);
                throw new ThrottledException(
                        "the server holds as many offset commits as it may; try again later", RETRY_WHEN_FULL);
            }
            case CLOSED -> throw new ApiException(ErrorCode.BROKER_NOT_AVAILABLE, "the server is stopping");
            case QUEUED -> {}
        }
        return pending.done();
    }

    private void run() {
        List<PendingCommit> commits = queue.next();
        while (!commits.isEmpty()) {
            try {
                commit(commits);
            } catch (RuntimeException | Error e) {
                LOG.error("offset commit failed requests={}", commits.size(), e);
                refuse(commits, new ApiException(ErrorCode.UNKNOWN_SERVER_ERROR, "the commit failed", e));
            }
            commits = queue.next();
        }
    }

    private void commit(List<PendingCommit> commits) {
        List<PendingCommit> todo = commits;
        for (int tries = 0; !todo.isEmpty(); tries++) {
            if (tries == MAX_TRIES) {
                refuse(
                        todo,
                        new ApiException(
                                ErrorCode.BROKER_NOT_AVAILABLE, "the group is being deleted; try again later"));
                return;
            }
            todo = commitOnce(todo);
        }
    }

    /** @return those to be tried again at once */
    private List<PendingCommit> commitOnce(List<PendingCommit> commits) {
        long startNanos = System.nanoTime();
        try {
            waits.requireNone();
            CommitTransaction.Done done = transaction.commit(commits);
            metrics.transaction(System.nanoTime() - startNanos);
            return settle(commits, done);
        } catch (ApiException e) {
            // Not begun.
            refuse(commits, e);
        } catch (CommitTransaction.OutcomeUnknownException e) {
            waits.unanswered();
            LOG.warn("offset commit was not answered requests={}: {}", commits.size(), String.valueOf(e.getCause()));
            refuse(
                    commits,
                    new ApiException(
                            ErrorCode.REQUEST_TIMED_OUT,
                            "the database broke off in COMMIT; whether the offsets are committed is not known, and committing them again is harmless"));
        } catch (SQLException e) {
            failed(commits, e);
        }
        return List.of();
    }

    private List<PendingCommit> settle(List<PendingCommit> commits, CommitTransaction.Done done) {
        List<PendingCommit> again = new ArrayList<>();
        // All others wait meanwhile, so there is one wait in vain for however many.
        boolean mayWait = true;
        for (int i = 0; i < commits.size(); i++) {
            PendingCommit commit = commits.get(i);
            CommitTransaction.Outcome outcome = done.outcomes().get(i);
            switch (outcome.outcome()) {
                case CommitTransaction.COMMITTED -> committed(commit, done.isReplicationWaitCut());
                case CommitTransaction.BUSY -> waitWhileBusy(commit);
                case CommitTransaction.MISSING -> {
                    Made made = makeRows(commit, mayWait);
                    mayWait = mayWait && made != Made.LOCKED;
                    if (made == Made.MADE) {
                        again.add(commit);
                    }
                }
                default -> refuse(commit, refusal(outcome));
            }
        }
        return again;
    }

    private void committed(PendingCommit commit, boolean isReplicationWaitCut) {
        if (isReplicationWaitCut) {
            refuse(
                    commit,
                    new ApiException(
                            ErrorCode.REQUEST_TIMED_OUT,
                            "the wait for the synchronous standby was cut short; whether the commit would survive a failover is not known"));
            return;
        }
        metrics.committed(commit.commit().offsets().size(), System.nanoTime() - commit.queuedAtNanos());
        queue.answered(commit);
        commit.complete();
    }

    private void waitWhileBusy(PendingCommit commit) {
        if (commit.isOverdue()) {
            refuse(
                    commit,
                    new ApiException(
                            ErrorCode.BROKER_NOT_AVAILABLE,
                            "a partition is being given to another member, or another commit of this one is under way; try again"));
        } else {
            queue.addBusy(commit);
        }
    }

    /** What became of an attempt to make a group's rows. */
    private enum Made {
        /** The commit is to be tried again. */
        MADE,
        /** An application is making the same, and the commit was refused. */
        LOCKED,
        /** The commit was refused. */
        REFUSED
    }

    private Made makeRows(PendingCommit commit, boolean mayWait) {
        try {
            transaction.make(commit.commit(), mayWait);
            return Made.MADE;
        } catch (SQLException e) {
            boolean isLocked = SqlStates.LOCK_NOT_AVAILABLE.equals(SqlStates.state(e));
            refuse(
                    commit,
                    isLocked
                            ? new ApiException(
                                    ErrorCode.BROKER_NOT_AVAILABLE,
                                    "the group is being made by a database transaction that has not ended yet; try again later",
                                    e)
                            : asApiException(e));
            return isLocked ? Made.LOCKED : Made.REFUSED;
        }
    }

    private static ApiException refusal(CommitTransaction.Outcome outcome) {
        String detail = String.valueOf(outcome.message());
        ErrorCode error = ErrorCode.bySqlState(outcome.outcome()).orElse(ErrorCode.UNKNOWN_SERVER_ERROR);
        return error == ErrorCode.OFFSET_OUT_OF_RANGE
                ? new OffsetAboveLogEndException(detail, outcome.logStartOffset(), outcome.logEndOffset())
                : new ApiException(error, detail);
    }

    /** Nothing was committed. One request's fault must not be the others': each is tried by itself. */
    private void failed(List<PendingCommit> commits, SQLException e) {
        if (commits.size() > 1 && !SqlStates.isUnavailable(e)) {
            commits.forEach(commit -> commit(List.of(commit)));
            return;
        }
        LOG.warn("offset commit failed requests={}: {}", commits.size(), e.toString());
        refuse(commits, asApiException(e));
    }

    private static ApiException asApiException(SQLException e) {
        ApiException refusal = SqlStates.refusal(e);
        if (refusal != null) {
            return refusal;
        }
        return SqlStates.isUnavailable(e)
                ? SqlStates.unavailable(e)
                : new ApiException(
                        ErrorCode.UNKNOWN_SERVER_ERROR,
                        "PostgreSQL refused the commit (SQLSTATE " + SqlStates.state(e) + ")",
                        e);
    }

    private void refuse(List<PendingCommit> commits, ApiException why) {
        commits.forEach(commit -> refuse(commit, why));
    }

    private void refuse(PendingCommit commit, ApiException why) {
        if (!commit.done().isDone()) {
            metrics.refused(why.error());
            queue.answered(commit);
            commit.refuse(why);
        }
    }

    /** Takes nothing more, commits what is queued, and ends. */
    @Override
    public void close() {
        queue.close();
        try {
            thread.join(STOP_WITHIN.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (thread.isAlive()) {
            LOG.warn("{} did not finish within {}", thread.getName(), STOP_WITHIN);
        }
    }
}
