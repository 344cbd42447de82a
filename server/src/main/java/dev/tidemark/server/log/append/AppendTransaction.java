package dev.tidemark.server.log.append;

import dev.tidemark.server.log.append.Reservation.Attempt;
import dev.tidemark.server.log.append.Reservation.Candidate;
import dev.tidemark.server.log.append.Reservation.Outcome;
import dev.tidemark.server.log.append.Reservation.Place;
import dev.tidemark.server.log.epoch.LeaderEpochs;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.postgres.SqlStates;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One database transaction of the append path. Large ones are reserve, COPY and COMMIT; small ones a single statement, which takes one round trip and so
 * holds no lock while it waits for us.
 */
final class AppendTransaction {
    /** PostgreSQL's clock, which dates batches, may be set while an append is under way. */
    private static final Duration CLOCK_SLACK = Duration.ofMinutes(2);

    /** That may end under the question for an append's outcome before it is given up. */
    static final int MAX_SESSIONS = 3;

    private static final Comparator<Candidate> LOCK_ORDER = Comparator.<Candidate>comparingInt(
                    c -> c.batch().partitionId())
            .thenComparingLong(c -> c.batch().frame().producerId())
            .thenComparingInt(c -> c.batch().frame().baseSequence());

    private final Database database;
    private final LeaderEpochs epochs;
    private final Reservation reservation;
    private final CopyWriter writer;
    private final SmallAppend small;
    private final StalledAppends stalled;
    private final AppendMetrics metrics;

    AppendTransaction(Database database, LeaderEpochs epochs, Reservation reservation, AppendMetrics metrics) {
        this.database = database;
        this.epochs = epochs;
        this.reservation = reservation;
        this.writer = new CopyWriter(database.schemas());
        this.small = new SmallAppend(database.schemas(), reservation);
        this.stalled = new StalledAppends(database, reservation.lockTimeoutMs(), metrics);
        this.metrics = metrics;
    }

    /** COMMIT, or a statement that commits itself, was sent and its answer is not known. */
    static final class OutcomeUnknownException extends Exception {
        private static final long serialVersionUID = 1L;

        private final transient Attempt attempt;
        private final transient Set<Integer> partitionIds;

        OutcomeUnknownException(SQLException cause, Attempt attempt, List<Candidate> candidates) {
            super(cause);
            this.attempt = attempt;
            this.partitionIds = Set.of(AppendTransaction.partitionIds(candidates));
        }

        Attempt attempt() {
            return attempt;
        }

        /** Whether it has a lock in its hands, as long as it goes on, that the group needs. */
        boolean locks(AppendGroup group) {
            return group.batches().stream().anyMatch(batch -> partitionIds.contains(batch.partitionId()));
        }
    }

    /**
     * What a transaction has done.
     *
     * @param places every batch's; those with {@link Outcome#APPENDED} are committed
     * @param leaderEpoch the epoch it was done in
     * @param isReplicationWaitCut whether nobody knows that it has reached the standbys it was to reach
     */
    record Done(List<Place> places, int leaderEpoch, boolean isReplicationWaitCut) {}

    /**
     * Appends what can be appended, together. Where another server's append stands still with the lock in its hands, that one is ended, and this
     * one tried again.
     *
     * @throws SQLException nothing was committed
     */
    Done append(List<AppendGroup> groups) throws SQLException, OutcomeUnknownException {
        List<Candidate> candidates = candidates(groups);
        long startNanos = System.nanoTime();
        while (true) {
            try {
                return inCurrentEpoch(candidates, companion(groups), strongest(groups));
            } catch (SQLException e) {
                if (!stalled.isEnded(e, partitionIds(candidates), startNanos)) {
                    throw e;
                }
            }
        }
    }

    private Done inCurrentEpoch(List<Candidate> candidates, @Nullable Companion companion, Acks acks)
            throws SQLException, OutcomeUnknownException {
        try {
            return epochs.inCurrent(epoch -> append(candidates, companion, Attempt.of(epoch, acks)));
        } catch (UnknownOutcome unknown) {
            throw unknown.what;
        }
    }

    private Done append(List<Candidate> candidates, @Nullable Companion companion, Attempt attempt)
            throws SQLException {
        try (Connection connection = database.connection()) {
            return companion == null && SmallAppend.fits(candidates)
                    ? appendSmall(connection, candidates, attempt)
                    : appendLarge(connection, candidates, companion, attempt);
        } catch (OutcomeUnknownException e) {
            throw new UnknownOutcome(e);
        }
    }

    /** Carries an {@link OutcomeUnknownException} past who knows of SQLException only, and would try again. */
    private static final class UnknownOutcome extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final OutcomeUnknownException what;

        UnknownOutcome(OutcomeUnknownException what) {
            super(what);
            this.what = what;
        }
    }

    private Done appendSmall(Connection connection, List<Candidate> candidates, Attempt attempt)
            throws SQLException, OutcomeUnknownException {
        SmallAppend.Committed committed;
        try {
            committed = small.append(connection, candidates, attempt);
        } catch (SQLException e) {
            if (SqlStates.isAnswered(e)) {
                throw e;
            }
            throw new OutcomeUnknownException(e, attempt, candidates);
        }
        appended(committed.places()).forEach(CopyWriter::stamp);
        return new Done(committed.places(), attempt.epoch().number(), committed.isReplicationWaitCut());
    }

    private Done appendLarge(
            Connection connection, List<Candidate> candidates, @Nullable Companion companion, Attempt attempt)
            throws SQLException, OutcomeUnknownException {
        connection.setAutoCommit(false);
        List<Place> places;
        try {
            places = reservation.reserve(connection, candidates, attempt);
            List<Place> appended = appended(places);
            if (companion != null && !appended.isEmpty()) {
                CompanionTransaction.run(companion, connection);
            }
            appended.forEach(CopyWriter::stamp);
            writer.write(connection, appended);
        } catch (SQLException | RuntimeException e) {
            rollback(connection, e);
            throw e;
        }
        if (places.stream().noneMatch(AppendTransaction::isInTheLog)) {
            connection.rollback();
            return new Done(places, attempt.epoch().number(), false);
        }
        return new Done(places, attempt.epoch().number(), commit(connection, candidates, attempt));
    }

    private static List<Place> appended(List<Place> places) {
        return places.stream().filter(p -> p.outcome() == Outcome.APPENDED).toList();
    }

    /** A duplicate's commit matters too: it may have to wait for the standby its first one did not hear of. */
    private static boolean isInTheLog(Place place) {
        return place.outcome() == Outcome.APPENDED || place.outcome() == Outcome.DUPLICATE;
    }

    /** @return whether its wait for a standby was cut short */
    private boolean commit(Connection connection, List<Candidate> candidates, Attempt attempt)
            throws OutcomeUnknownException {
        long startNanos = System.nanoTime();
        try {
            connection.commit();
            metrics.committed(System.nanoTime() - startNanos);
            return SqlStates.isReplicationWaitCut(connection.getWarnings());
        } catch (SQLException e) {
            throw new OutcomeUnknownException(e, attempt, candidates);
        }
    }

    /**
     * What an attempt wrote whose answer was lost. When it wrote nothing, it never will, even if PostgreSQL comes to it only now.
     *
     * @return the places of its batches; none when it did not take place
     * @throws SQLException when it could not be found out
     */
    Done outcome(List<AppendGroup> groups, Attempt attempt) throws SQLException {
        List<Candidate> candidates = candidates(groups);
        long startNanos = System.nanoTime();
        for (int sessions = 1; ; ) {
            try {
                return written(candidates, attempt);
            } catch (SQLException e) {
                boolean another = SqlStates.isSessionLost(e) && sessions++ < MAX_SESSIONS;
                if (!another && !stalled.isEnded(e, partitionIds(candidates), startNanos)) {
                    throw e;
                }
            }
        }
    }

    private Done written(List<Candidate> candidates, Attempt attempt) throws SQLException {
        try (Connection connection = database.connection();
                PreparedStatement query = outcomeQuery(connection, partitionIds(candidates), attempt, attempt.acks());
                ResultSet rows = query.executeQuery()) {
            List<Place> places = places(candidates, rows);
            boolean cut = SqlStates.isReplicationWaitCut(query.getWarnings());
            return new Done(places, attempt.epoch().number(), cut);
        }
    }

    private PreparedStatement outcomeQuery(
            Connection connection, Integer[] partitionIds, Attempt attempt, Acks commitLevel) throws SQLException {
        PreparedStatement query = connection.prepareStatement("select append_index, base_offset, append_time_ms from "
                + database.schemas().internal() + ".append_outcome(?, ?, ?, ?, ?)");
        query.setArray(1, connection.createArrayOf("int4", partitionIds));
        query.setObject(2, attempt.appendId());
        query.setString(3, Long.toString(reservation.lockTimeoutMs()));
        query.setString(4, Reservation.commitLevel(commitLevel));
        query.setLong(5, attempt.age().plus(CLOCK_SLACK).toMillis());
        return query;
    }

    /**
     * Whether an attempt nobody waits for any more is over: it has taken place, or never will. Waits neither for its locks, which it holds until then, nor for a
     * standby.
     *
     * @throws SQLException when it could not be found out
     */
    boolean isOver(OutcomeUnknownException unknown) throws SQLException {
        Integer[] partitionIds = unknown.partitionIds.toArray(Integer[]::new);
        try (Connection connection = database.connection()) {
            connection.setAutoCommit(false);
            try {
                boolean over = tryLocks(connection, partitionIds);
                if (over) {
                    try (PreparedStatement query =
                            outcomeQuery(connection, partitionIds, unknown.attempt(), Acks.LEADER)) {
                        query.execute();
                    }
                }
                connection.commit();
                return over;
            } catch (SQLException e) {
                rollback(connection, e);
                throw e;
            }
        }
    }

    private boolean tryLocks(Connection connection, Integer[] partitionIds) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement("select bool_and(pg_try_advisory_xact_lock('"
                + database.schemas().internal() + ".batch'::regclass::oid::int, id)) from unnest(?) id")) {
            query.setArray(1, connection.createArrayOf("int4", partitionIds));
            try (ResultSet row = query.executeQuery()) {
                row.next();
                return row.getBoolean(1);
            }
        }
    }

    /** In the order of the candidates, which within a partition is that of the offsets. */
    private static List<Place> places(List<Candidate> candidates, ResultSet rows) throws SQLException {
        SortedMap<Integer, Place> places = new TreeMap<>();
        while (rows.next()) {
            int index = rows.getInt(1);
            Candidate candidate = candidates.get(index - 1);
            Place place =
                    new Place(candidate, Outcome.APPENDED, rows.getLong(2), null, 0, Long.MAX_VALUE, rows.getLong(3));
            CopyWriter.stamp(place);
            places.put(index, place);
        }
        return List.copyOf(places.values());
    }

    private static Integer[] partitionIds(List<Candidate> candidates) {
        return candidates.stream().map(c -> c.batch().partitionId()).distinct().toArray(Integer[]::new);
    }

    private static List<Candidate> candidates(List<AppendGroup> groups) {
        List<Candidate> candidates = new ArrayList<>();
        for (AppendGroup group : groups) {
            group.batches().forEach(batch -> candidates.add(new Candidate(group, batch)));
        }
        // Stable: batches without a producer id keep the order they came in.
        candidates.sort(LOCK_ORDER);
        return candidates;
    }

    /** Who has one is alone. */
    private static @Nullable Companion companion(List<AppendGroup> groups) {
        return groups.size() == 1 ? groups.get(0).companion() : null;
    }

    private static Acks strongest(List<AppendGroup> groups) {
        return groups.stream()
                .map(AppendGroup::acks)
                .max(Comparator.naturalOrder())
                .orElseThrow();
    }

    private static void rollback(Connection connection, Exception failure) {
        try {
            connection.rollback();
        } catch (SQLException e) {
            failure.addSuppressed(e);
        }
    }
}
