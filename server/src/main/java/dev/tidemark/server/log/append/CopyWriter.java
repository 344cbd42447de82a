package dev.tidemark.server.log.append;

import dev.tidemark.protocol.RecordLayout;
import dev.tidemark.server.log.append.Reservation.Place;
import dev.tidemark.server.postgres.SchemaNames;
import dev.tidemark.server.postgres.SqlStates;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/** Writes reserved batches into their leaves: one binary COPY a leaf, or for little pieces one through the topic's parent. */
final class CopyWriter {
    /** Below it, partitions of a topic share one COPY through the parent: routing rows costs less than another COPY does. */
    private static final int MIN_RECORDS_PER_LEAF_COPY = 300;

    private static final String COLUMNS =
            " (record_offset, \"timestamp\", partition, key, value, headers, attributes) from stdin (format binary)";

    /** Signature, no flags, no extension. Source: PostgreSQL documentation, COPY, "File Header". */
    private static final byte[] HEADER = {
        'P', 'G', 'C', 'O', 'P', 'Y', '\n', (byte) 0xff, '\r', '\n', 0, 0, 0, 0, 0, 0, 0, 0, 0
    };

    private static final byte[] TRAILER = {(byte) 0xff, (byte) 0xff};

    private final SchemaNames schemas;

    CopyWriter(SchemaNames schemas) {
        this.schemas = schemas;
    }

    /** A COPY that PostgreSQL refused: which batches were in it, in their order, so that a line number can be found again. */
    static final class CopyRefusedException extends SQLException {
        private static final long serialVersionUID = 1L;

        private final transient List<Place> places;

        CopyRefusedException(SQLException cause, List<Place> places) {
            super(cause.getMessage(), cause.getSQLState(), cause);
            this.places = places;
        }

        List<Place> places() {
            return places;
        }
    }

    /** Gives the records their offsets, and where the topic stamps them their timestamps; no bytes are written to PostgreSQL. */
    static void stamp(Place place) {
        byte[] bytes = place.batch().frame().bytes();
        int at = place.batch().frame().at();
        long offset = place.baseOffset();
        boolean stamped = place.batch().topic().config().logAppendTime();
        for (int i = 0; i < place.batch().recordCount(); i++) {
            RecordLayout.setOffset(bytes, at, offset++);
            if (stamped) {
                RecordLayout.setTimestampMs(bytes, at, place.appendTimeMs());
            }
            at = RecordLayout.end(bytes, at);
        }
    }

    /** @param places appended batches, already stamped */
    void write(Connection connection, List<Place> places) throws SQLException {
        for (Map.Entry<String, List<Place>> target : byTarget(places).entrySet()) {
            copy(connection, target.getKey(), target.getValue());
        }
    }

    private Map<String, List<Place>> byTarget(List<Place> places) {
        Map<String, Integer> recordsByLeaf = new LinkedHashMap<>();
        for (Place place : places) {
            if (place.leaf() != null) {
                recordsByLeaf.merge(place.leaf(), place.batch().recordCount(), Integer::sum);
            }
        }
        boolean oneLeaf = recordsByLeaf.size() == 1;
        Map<String, List<Place>> byTarget = new LinkedHashMap<>();
        for (Place place : places) {
            String leaf = place.leaf();
            boolean direct =
                    leaf != null && (oneLeaf || recordsByLeaf.getOrDefault(leaf, 0) >= MIN_RECORDS_PER_LEAF_COPY);
            String target = direct && leaf != null ? leaf : parent(place);
            byTarget.computeIfAbsent(target, t -> new ArrayList<>()).add(place);
        }
        return byTarget;
    }

    private String parent(Place place) {
        return schemas.internal() + ".topic_" + place.batch().topic().id();
    }

    private static void copy(Connection connection, String table, List<Place> places) throws SQLException {
        CopyIn copy = null;
        try {
            // Everything is in memory before: a COPY that waits for its client keeps its locks, and no timeout ends it.
            copy = connection.unwrap(PGConnection.class).getCopyAPI().copyIn("copy " + table + COLUMNS);
            copy.writeToCopy(HEADER, 0, HEADER.length);
            for (Place place : places) {
                copy.writeToCopy(
                        place.batch().frame().bytes(),
                        place.batch().frame().at(),
                        place.batch().frame().length());
            }
            copy.writeToCopy(TRAILER, 0, TRAILER.length);
            copy.endCopy();
        } catch (SQLException e) {
            if (SqlStates.isConnectionLost(e)) {
                // To be told of the end of the COPY it would be waited for once more.
                connection.abort(Runnable::run);
            } else {
                cancel(copy, e);
            }
            throw new CopyRefusedException(e, places);
        }
    }

    private static void cancel(@org.jspecify.annotations.Nullable CopyIn copy, SQLException failure) {
        if (copy == null || !copy.isActive()) {
            return;
        }
        try {
            copy.cancelCopy();
        } catch (SQLException e) {
            failure.addSuppressed(e);
        }
    }
}
