package dev.tidemark.server.log.append;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.RecordError;
import dev.tidemark.server.log.append.AppendTransaction.Done;
import dev.tidemark.server.log.append.Reservation.Outcome;
import dev.tidemark.server.log.append.Reservation.Place;
import dev.tidemark.server.log.segment.Segments;
import dev.tidemark.server.log.tail.Slice;
import dev.tidemark.server.log.tail.Tail;
import dev.tidemark.server.postgres.SqlStates;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Appends groups, as many as wait, in one database transaction after another: group commit by back-pressure, without a timer. A thread of its own runs
 * it; every partition belongs to one lane.
 */
final class AppendLane implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(AppendLane.class);

    /** Requests overtake each other over HTTP: a batch that comes before its predecessor waits so long for it. */
    static final long PARK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    /** Each try makes a segment or follows a COMMIT that did not take place; more than two are rare. */
    private static final int MAX_TRIES = 50;

    private static final Pattern COPY_LINE = Pattern.compile("COPY .*, line (\\d+)");

    private final LaneQueue queue;
    private final AppendTransaction transaction;
    private final Segments segments;
    private final Tail tail;
    private final AppendMetrics metrics;
    private final StuckCommit stuck;

    /** @param patienceMs how long batches wait behind a commit that is stuck */
    AppendLane(
            LaneQueue queue,
            AppendTransaction transaction,
            Segments segments,
            Tail tail,
            AppendMetrics metrics,
            long patienceMs) {
        this.stuck = new StuckCommit(transaction, patienceMs);
        this.queue = queue;
        this.transaction = transaction;
        this.segments = segments;
        this.tail = tail;
        this.metrics = metrics;
    }

    /** Until the queue is closed and empty. */
    @Override
    public void run() {
        while (!queue.isEnded()) {
            List<AppendGroup> groups = queue.next(stuck.leftNanos());
            try {
                AppendGroup.together(groups).forEach(this::append);
                settleHeld();
            } catch (RuntimeException | Error e) {
                LOG.error("append failed groups={}", groups.size(), e);
                stuck.everything().forEach(this::refuseHeld);
                groups.forEach(group -> refuse(
                        group,
                        new BatchOutcome.Refused(
                                ErrorCode.UNKNOWN_SERVER_ERROR, "the append failed: " + e.getMessage())));
            }
        }
        stuck.everything().forEach(AppendLane::refuseStopping);
    }

    /** Lets go on what a stuck commit has held up and holds up no longer, and refuses what has waited for long enough. */
    private void settleHeld() {
        try {
            queue.putBack(stuck.released());
        } catch (SQLException e) {
            if (!SqlStates.isSessionLost(e)) {
                refuseUnavailable(stuck.everything(), e);
            }
        }
        stuck.expired().forEach(this::refuseHeld);
    }

    private void refuseHeld(AppendGroup group) {
        refuse(
                group,
                new BatchOutcome.Refused(
                        ErrorCode.BROKER_NOT_AVAILABLE,
                        "not tried: an append before it was committed and waits, as it seems, for the synchronous standby"));
    }

    static void refuseStopping(AppendGroup group) {
        group.refuse(new BatchOutcome.Refused(ErrorCode.BROKER_NOT_AVAILABLE, "the server is stopping"));
    }

    private void append(List<AppendGroup> all) {
        long now = System.nanoTime();
        List<AppendGroup> groups = stuck.admit(all);
        groups.forEach(group -> metrics.waited(now - group.queuedAtNanos()));
        List<AppendGroup> todo = groups;
        for (int tries = 0; !todo.isEmpty(); tries++) {
            if (tries == MAX_TRIES) {
                todo.forEach(group -> refuse(
                        group,
                        new BatchOutcome.Refused(
                                ErrorCode.BROKER_NOT_AVAILABLE,
                                "the append did not come about in " + MAX_TRIES + " tries")));
                return;
            }
            todo = appendOnce(todo);
        }
    }

    /** @return the groups that wait for nothing now and are to be tried at once */
    private List<AppendGroup> appendOnce(List<AppendGroup> groups) {
        long startNanos = System.nanoTime();
        try {
            return settle(groups, transaction.append(groups), startNanos);
        } catch (AppendTransaction.OutcomeUnknownException e) {
            return settleUnknown(groups, e, startNanos);
        } catch (SQLException e) {
            return failed(groups, e);
        } catch (ApiException e) {
            // The leader epoch could not be asked for, or what was to take place with the append was refused: nothing
            // was committed.
            groups.forEach(group -> refuse(group, new BatchOutcome.Refused(e)));
            return List.of();
        }
    }

    private List<AppendGroup> settle(List<AppendGroup> groups, Done done, long startNanos) {
        List<Place> places = done.places();
        publish(done, startNanos);
        Map<AppendGroup, List<Place>> byGroup = new IdentityHashMap<>();
        places.forEach(place -> byGroup.computeIfAbsent(place.candidate().group(), g -> new ArrayList<>())
                .add(place));
        List<AppendGroup> again = new ArrayList<>();
        // Who is done hears of it before segments are made, which takes its time.
        Map<Boolean, List<AppendGroup>> byNeed = groups.stream()
                .collect(Collectors.partitioningBy(group ->
                        placesOf(group, byGroup).stream().anyMatch(place -> place.outcome() == Outcome.NO_SEGMENT)));
        for (boolean needsSegment : new boolean[] {false, true}) {
            for (AppendGroup group : Objects.requireNonNull(byNeed.get(needsSegment))) {
                if (!settleGroup(group, placesOf(group, byGroup), done.isReplicationWaitCut())) {
                    again.add(group);
                }
            }
        }
        return again;
    }

    private static List<Place> placesOf(AppendGroup group, Map<AppendGroup, List<Place>> byGroup) {
        return Objects.requireNonNull(byGroup.get(group));
    }

    /** Makes committed batches known: to fetches first, so that whoever is told of an offset can read it. */
    private void publish(Done done, long startNanos) {
        List<Place> places = done.places();
        long records = 0;
        long bytes = 0;
        List<Tail.Batch> appended = new ArrayList<>();
        for (Place place : places) {
            if (place.outcome() != Outcome.APPENDED) {
                continue;
            }
            CheckedBatch batch = place.batch();
            records += batch.recordCount();
            bytes += batch.frame().length();
            Slice slice = new Slice(
                    batch.frame().bytes(), batch.frame().at(), batch.frame().length());
            appended.add(new Tail.Batch(batch.partitionId(), place.baseOffset(), batch.recordCount(), slice));
            segments.appended(new Segments.Progress(
                    batch.topic(),
                    batch.partitionId(),
                    place.baseOffset() + batch.recordCount(),
                    place.segmentBase(),
                    place.segmentBound(),
                    batch.averageStoredBytes()));
        }
        tail.appended(done.leaderEpoch(), appended);
        if (records > 0) {
            metrics.transaction(System.nanoTime() - startNanos, records, bytes);
        }
    }

    /** @return false when the group is to be tried again at once */
    private boolean settleGroup(AppendGroup group, List<Place> places, boolean isReplicationWaitCut) {
        Place refused = places.stream()
                .filter(p -> p.outcome() != Outcome.APPENDED
                        && p.outcome() != Outcome.DUPLICATE
                        && p.outcome() != Outcome.WITHDRAWN)
                .findFirst()
                .orElse(null);
        if (refused == null && isReplicationWaitCut && group.acks() == Acks.ALL) {
            // Those who asked for this PostgreSQL only have what they asked for.
            refuseUnreplicated(group);
            return true;
        }
        if (refused == null) {
            complete(group, places);
            return true;
        }
        return switch (refused.outcome()) {
            case NO_SEGMENT -> !makeSegment(group, refused);
            case GAP -> {
                if (!queue.park(group)) {
                    refuseFor(
                            group,
                            refused,
                            ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
                            "does not follow the producer's last batch");
                }
                yield true;
            }
            default -> {
                refuseFor(
                        group,
                        refused,
                        ErrorCode.INVALID_PRODUCER_EPOCH,
                        "is of an epoch a newer one has taken over from");
                yield true;
            }
        };
    }

    private void refuseUnreplicated(AppendGroup group) {
        LOG.warn("a commit's wait for its synchronous standby was cut short");
        refuse(
                group,
                new BatchOutcome.Refused(
                        ErrorCode.REQUEST_TIMED_OUT,
                        "the wait for the synchronous standby was cut short; whether the append would survive a failover is not known"));
    }

    private void complete(AppendGroup group, List<Place> places) {
        Map<CheckedBatch, BatchOutcome> outcomes = new IdentityHashMap<>();
        for (Place place : places) {
            boolean duplicate = place.outcome() == Outcome.DUPLICATE;
            if (duplicate) {
                metrics.duplicate();
            }
            boolean stamped = place.batch().topic().config().logAppendTime();
            outcomes.put(
                    place.batch(),
                    new BatchOutcome.Appended(place.baseOffset(), stamped ? place.appendTimeMs() : -1, duplicate));
        }
        group.complete(
                group.batches().stream().map(batch -> outcome(outcomes, batch)).toList());
    }

    private static BatchOutcome outcome(Map<CheckedBatch, BatchOutcome> outcomes, CheckedBatch batch) {
        return Objects.requireNonNull(outcomes.get(batch));
    }

    private void refuseFor(AppendGroup group, Place refused, ErrorCode error, String what) {
        var frame = refused.batch().frame();
        metrics.refused(error.name());
        String detail = "batch for partition " + frame.partition() + " of topic "
                + refused.batch().topic().name()
                + " from producer " + frame.producerId() + ", epoch " + frame.producerEpoch() + ", base sequence "
                + frame.baseSequence() + " " + what;
        group.complete(outcomes(group, refused.batch(), new BatchOutcome.Refused(error, detail)));
    }

    private static List<BatchOutcome> outcomes(AppendGroup group, CheckedBatch refused, BatchOutcome.Refused why) {
        List<BatchOutcome> outcomes = new ArrayList<>();
        for (CheckedBatch batch : group.batches()) {
            outcomes.add(batch == refused ? why : new BatchOutcome.Withdrawn());
        }
        return outcomes;
    }

    private boolean makeSegment(AppendGroup group, Place place) {
        CheckedBatch batch = place.batch();
        try {
            OptionalLong bound = segments.make(
                    batch.topic(),
                    batch.partitionId(),
                    place.baseOffset(),
                    batch.recordCount(),
                    batch.averageStoredBytes());
            if (bound.isPresent()) {
                makeFirstSegments(group);
                return true;
            }
            refuseFor(group, place, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "came after the topic was deleted");
        } catch (ApiException e) {
            refuse(group, new BatchOutcome.Refused(e.error(), e.detail()));
        }
        return false;
    }

    /** A try names one missing segment; in a topic's first atomic append all partitions may lack theirs. */
    private void makeFirstSegments(AppendGroup group) {
        Map<Integer, CheckedBatch> firstBatches = new LinkedHashMap<>();
        group.batches().forEach(batch -> firstBatches.putIfAbsent(batch.partitionId(), batch));
        if (firstBatches.size() == 1) {
            return;
        }
        segments.logEndsWithoutSegment(firstBatches.keySet()).forEach((partitionId, logEnd) -> {
            CheckedBatch batch = Objects.requireNonNull(firstBatches.get(partitionId));
            segments.make(batch.topic(), partitionId, logEnd, batch.recordCount(), batch.averageStoredBytes());
        });
    }

    /** Asks what the append wrote; groups of which nothing was written are tried again, which is safe now. */
    private List<AppendGroup> settleUnknown(
            List<AppendGroup> groups, AppendTransaction.OutcomeUnknownException unknown, long startNanos) {
        LOG.warn(
                "COMMIT was not answered, asking append_id={}: {}",
                unknown.attempt().appendId(),
                String.valueOf(unknown.getCause()));
        try {
            Done done = transaction.outcome(groups, unknown.attempt());
            Set<AppendGroup> written = whole(groups, done.places());
            settle(List.copyOf(written), done, startNanos);
            return groups.stream().filter(group -> !written.contains(group)).toList();
        } catch (SQLException e) {
            LOG.warn("outcome unknown append_id={}: {}", unknown.attempt().appendId(), e.toString());
            stuck.begin(unknown);
            groups.forEach(group -> refuse(
                    group,
                    new BatchOutcome.Refused(
                            ErrorCode.REQUEST_TIMED_OUT,
                            "the database broke off in COMMIT; whether the append took place is not known")));
            return List.of();
        }
    }

    /** The groups all of whose batches have a place. One that was a duplicate in part has places for the rest: tried again, all of it is a duplicate. */
    private static Set<AppendGroup> whole(List<AppendGroup> groups, List<Place> places) {
        Map<AppendGroup, Integer> counts = new IdentityHashMap<>();
        places.forEach(place -> counts.merge(place.candidate().group(), 1, Integer::sum));
        Set<AppendGroup> whole = Collections.newSetFromMap(new IdentityHashMap<>());
        groups.stream()
                .filter(group ->
                        counts.getOrDefault(group, 0) == group.batches().size())
                .forEach(whole::add);
        return whole;
    }

    /** Nothing was committed. One group's fault must not be the others': each is tried by itself. */
    private List<AppendGroup> failed(List<AppendGroup> groups, SQLException e) {
        if (isOutsideItsLeaves(e)) {
            // A statement knows the leaves there were when it began. While it waited for the partition's lock, another
            // server
            // has made the one these records belong into.
            LOG.debug("append meets a segment made meanwhile, trying again groups={}", groups.size());
            return groups;
        }
        if (SqlStates.isUnavailable(e)) {
            refuseUnavailable(groups, e);
        } else if (groups.size() > 1) {
            groups.forEach(group -> append(List.of(group)));
        } else {
            groups.forEach(group -> group.complete(refusedByPostgres(group, e)));
        }
        return List.of();
    }

    private void refuseUnavailable(Collection<AppendGroup> groups, SQLException e) {
        LOG.warn("append failed groups={}: {}", groups.size(), e.toString());
        ApiException unavailable = SqlStates.unavailable(e);
        groups.forEach(group -> refuse(group, new BatchOutcome.Refused(unavailable.error(), unavailable.detail())));
    }

    /** A row that no leaf takes, or not this one; a constraint of somebody's own would have a name. */
    private static boolean isOutsideItsLeaves(SQLException e) {
        ServerErrorMessage message = serverMessage(e);
        return SqlStates.CHECK_VIOLATION.equals(SqlStates.state(e))
                && message != null
                && message.getConstraint() == null;
    }

    private List<BatchOutcome> refusedByPostgres(AppendGroup group, SQLException e) {
        if (SqlStates.UNDEFINED_TABLE.equals(SqlStates.state(e))) {
            return refusals(
                    group,
                    new BatchOutcome.Refused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "the topic has been deleted"));
        }
        if (!SqlStates.isDataException(e)) {
            LOG.error("append failed sqlstate={}", SqlStates.state(e), e);
            return refusals(
                    group,
                    new BatchOutcome.Refused(
                            ErrorCode.UNKNOWN_SERVER_ERROR,
                            "PostgreSQL refused the append (SQLSTATE " + SqlStates.state(e) + ")"));
        }
        // The checks before the queue let something through; PostgreSQL is the backstop and names the line.
        CheckedBatch culprit = group.batches().get(0);
        RecordError record = null;
        Integer line = line(e);
        if (line != null && e instanceof CopyWriter.CopyRefusedException refused) {
            int before = 0;
            for (Place place : refused.places()) {
                if (line <= before + place.batch().recordCount()) {
                    culprit = place.batch();
                    record = new RecordError(
                            line - 1 - before, ErrorCode.INVALID_RECORD, "PostgreSQL refused it: " + message(e));
                    break;
                }
                before += place.batch().recordCount();
            }
        }
        metrics.refused(ErrorCode.INVALID_RECORD.name());
        return outcomes(
                group,
                culprit,
                new BatchOutcome.Refused(
                        ErrorCode.INVALID_RECORD,
                        "PostgreSQL refused a record: " + message(e),
                        record == null ? List.of() : List.of(record)));
    }

    private static @Nullable Integer line(SQLException e) {
        ServerErrorMessage message = serverMessage(e);
        if (message == null || message.getWhere() == null) {
            return null;
        }
        Matcher matcher = COPY_LINE.matcher(message.getWhere());
        return matcher.find() ? Integer.valueOf(matcher.group(1)) : null;
    }

    private static String message(SQLException e) {
        ServerErrorMessage message = serverMessage(e);
        return message == null || message.getMessage() == null
                ? "SQLSTATE " + SqlStates.state(e)
                : message.getMessage();
    }

    private static @Nullable ServerErrorMessage serverMessage(SQLException e) {
        Throwable cause = e instanceof PSQLException ? e : e.getCause();
        return cause instanceof PSQLException postgres ? postgres.getServerErrorMessage() : null;
    }

    private void refuse(AppendGroup group, BatchOutcome.Refused refused) {
        metrics.refused(refused.error().name());
        group.complete(refusals(group, refused));
    }

    private static List<BatchOutcome> refusals(AppendGroup group, BatchOutcome.Refused refused) {
        return new ArrayList<>(Collections.nCopies(group.batches().size(), refused));
    }
}
