package dev.tidemark.server.log.append;

import dev.tidemark.server.log.append.Reservation.Candidate;
import dev.tidemark.server.log.append.Reservation.Outcome;
import dev.tidemark.server.log.append.Reservation.Place;
import dev.tidemark.server.postgres.Database;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;

/** One database transaction of the append path: reserve, COPY, COMMIT. */
final class AppendTransaction {
    private static final Comparator<Candidate> LOCK_ORDER = Comparator.<Candidate>comparingInt(
                    c -> c.batch().partitionId())
            .thenComparingLong(c -> c.batch().frame().producerId())
            .thenComparingInt(c -> c.batch().frame().baseSequence());

    private final Database database;
    private final Reservation reservation;
    private final CopyWriter writer;
    private final AppendMetrics metrics;

    AppendTransaction(Database database, Reservation reservation, AppendMetrics metrics) {
        this.database = database;
        this.reservation = reservation;
        this.writer = new CopyWriter(database.schemas());
        this.metrics = metrics;
    }

    /** COMMIT was sent and its answer is not known. */
    static final class OutcomeUnknownException extends Exception {
        private static final long serialVersionUID = 1L;

        private final transient List<Place> places;
        private final UUID appendId;

        OutcomeUnknownException(SQLException cause, List<Place> places, UUID appendId) {
            super(cause);
            this.places = places;
            this.appendId = appendId;
        }

        List<Place> places() {
            return places;
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
            connection.setAutoCommit(false);
            List<Place> places;
            List<Place> appended;
            try {
                places = reservation.reserve(connection, candidates, appendId, strongest(groups));
                appended = places.stream()
                        .filter(p -> p.outcome() == Outcome.APPENDED)
                        .toList();
                appended.forEach(CopyWriter::stamp);
                writer.write(connection, appended);
            } catch (SQLException | RuntimeException e) {
                rollback(connection, e);
                throw e;
            }
            commit(connection, places, appended, appendId);
            return places;
        }
    }

    private void commit(Connection connection, List<Place> places, List<Place> appended, UUID appendId)
            throws SQLException, OutcomeUnknownException {
        if (appended.isEmpty()) {
            connection.rollback();
            return;
        }
        long startNanos = System.nanoTime();
        try {
            connection.commit();
        } catch (SQLException e) {
            throw new OutcomeUnknownException(e, places, appendId);
        }
        metrics.committed(System.nanoTime() - startNanos);
    }

    /**
     * Whether the transaction with that id took place. Takes the lock of one of its partitions first: a COMMIT still under way holds it.
     *
     * @throws SQLException when it could not be found out
     */
    boolean tookPlace(List<Place> places, UUID appendId) throws SQLException {
        Place any = places.stream()
                .filter(p -> p.outcome() == Outcome.APPENDED)
                .findFirst()
                .orElseThrow();
        try (Connection connection = database.connection()) {
            connection.setAutoCommit(false);
            try (PreparedStatement query = connection.prepareStatement(
                    "select " + database.schemas().internal() + ".append_took_place(?, ?, ?, ?)")) {
                query.setInt(1, any.batch().partitionId());
                query.setLong(2, any.baseOffset());
                query.setObject(3, appendId);
                query.setString(4, Long.toString(reservation.lockTimeoutMs()));
                try (ResultSet row = query.executeQuery()) {
                    row.next();
                    return row.getBoolean(1);
                }
            } finally {
                connection.rollback();
            }
        }
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
