package dev.tidemark.server.log.append;

import dev.tidemark.server.log.append.Reservation.Candidate;
import dev.tidemark.server.log.append.Reservation.Outcome;
import dev.tidemark.server.log.append.Reservation.Place;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.postgres.SqlStates;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;

/**
 * One database transaction of the append path. Large ones are reserve, COPY and COMMIT; small ones a single statement, which takes one round trip and so
 * holds no lock while it waits for us.
 */
final class AppendTransaction {
    private static final Comparator<Candidate> LOCK_ORDER = Comparator.<Candidate>comparingInt(
                    c -> c.batch().partitionId())
            .thenComparingLong(c -> c.batch().frame().producerId())
            .thenComparingInt(c -> c.batch().frame().baseSequence());

    private final Database database;
    private final Reservation reservation;
    private final CopyWriter writer;
    private final SmallAppend small;
    private final AppendMetrics metrics;

    AppendTransaction(Database database, Reservation reservation, AppendMetrics metrics) {
        this.database = database;
        this.reservation = reservation;
        this.writer = new CopyWriter(database.schemas());
        this.small = new SmallAppend(database.schemas(), reservation);
        this.metrics = metrics;
    }

    /** COMMIT, or a statement that commits itself, was sent and its answer is not known. */
    static final class OutcomeUnknownException extends Exception {
        private static final long serialVersionUID = 1L;

        private final UUID appendId;

        OutcomeUnknownException(SQLException cause, UUID appendId) {
            super(cause);
            this.appendId = appendId;
        }

        UUID appendId() {
            return appendId;
        }
    }

    /**
     * Appends what can be appended, together.
     *
     * @return every batch's place; those with {@link Outcome#APPENDED} are committed
     * @throws SQLException nothing was committed
     */
    List<Place> append(List<AppendGroup> groups) throws SQLException, OutcomeUnknownException {
        List<Candidate> candidates = candidates(groups);
        UUID appendId = UUID.randomUUID();
        try (Connection connection = database.connection()) {
            return SmallAppend.fits(candidates)
                    ? appendSmall(connection, candidates, appendId, strongest(groups))
                    : appendLarge(connection, candidates, appendId, strongest(groups));
        }
    }

    private List<Place> appendSmall(Connection connection, List<Candidate> candidates, UUID appendId, Acks acks)
            throws SQLException, OutcomeUnknownException {
        List<Place> places;
        try {
            places = small.append(connection, candidates, appendId, acks);
        } catch (SQLException e) {
            if (SqlStates.isAnswered(e)) {
                throw e;
            }
            throw new OutcomeUnknownException(e, appendId);
        }
        appended(places).forEach(CopyWriter::stamp);
        return places;
    }

    private List<Place> appendLarge(Connection connection, List<Candidate> candidates, UUID appendId, Acks acks)
            throws SQLException, OutcomeUnknownException {
        connection.setAutoCommit(false);
        List<Place> places;
        List<Place> appended;
        try {
            places = reservation.reserve(connection, candidates, appendId, acks);
            appended = appended(places);
            appended.forEach(CopyWriter::stamp);
            writer.write(connection, appended);
        } catch (SQLException | RuntimeException e) {
            rollback(connection, e);
            throw e;
        }
        if (appended.isEmpty()) {
            connection.rollback();
        } else {
            commit(connection, appendId);
        }
        return places;
    }

    private static List<Place> appended(List<Place> places) {
        return places.stream().filter(p -> p.outcome() == Outcome.APPENDED).toList();
    }

    private void commit(Connection connection, UUID appendId) throws OutcomeUnknownException {
        long startNanos = System.nanoTime();
        try {
            connection.commit();
        } catch (SQLException e) {
            throw new OutcomeUnknownException(e, appendId);
        }
        metrics.committed(System.nanoTime() - startNanos);
    }

    /**
     * What an append wrote whose answer was lost.
     *
     * @return the places of its batches; none when it did not take place
     * @throws SQLException when it could not be found out
     */
    List<Place> outcome(List<AppendGroup> groups, UUID appendId) throws SQLException {
        List<Candidate> candidates = candidates(groups);
        Object[] partitionIds =
                candidates.stream().map(c -> c.batch().partitionId()).distinct().toArray();
        try (Connection connection = database.connection();
                PreparedStatement query = connection.prepareStatement(
                        "select partition_id, base_offset, record_count, producer_id, base_sequence, append_time_ms from "
                                + database.schemas().internal() + ".append_outcome(?, ?, ?)")) {
            query.setArray(1, connection.createArrayOf("int4", partitionIds));
            query.setObject(2, appendId);
            query.setString(3, Long.toString(reservation.lockTimeoutMs()));
            try (ResultSet rows = query.executeQuery()) {
                return matched(candidates, rows);
            }
        }
    }

    /**
     * Rows come in the order of the candidates, but for those that were not appended. A candidate without a producer id was appended unless those
     * behind it were not either, so the first that fits a row is the row's.
     */
    private static List<Place> matched(List<Candidate> candidates, ResultSet rows) throws SQLException {
        List<Place> places = new ArrayList<>();
        int next = 0;
        while (rows.next()) {
            while (!fits(candidates.get(next), rows)) {
                next++;
            }
            Candidate candidate = candidates.get(next++);
            Place place =
                    new Place(candidate, Outcome.APPENDED, rows.getLong(2), null, 0, Long.MAX_VALUE, rows.getLong(6));
            CopyWriter.stamp(place);
            places.add(place);
        }
        return places;
    }

    private static boolean fits(Candidate candidate, ResultSet row) throws SQLException {
        CheckedBatch batch = candidate.batch();
        if (batch.partitionId() != row.getInt(1) || batch.recordCount() != row.getInt(3)) {
            return false;
        }
        long producerId = row.getLong(4);
        return row.wasNull()
                ? !batch.isIdempotent()
                : batch.frame().producerId() == producerId && batch.frame().baseSequence() == row.getInt(5);
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
