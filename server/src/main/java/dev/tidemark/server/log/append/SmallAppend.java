package dev.tidemark.server.log.append;

import dev.tidemark.protocol.RecordLayout;
import dev.tidemark.server.log.append.Reservation.Attempt;
import dev.tidemark.server.log.append.Reservation.Candidate;
import dev.tidemark.server.log.append.Reservation.Place;
import dev.tidemark.server.postgres.SchemaNames;
import dev.tidemark.server.postgres.SqlStates;
import dev.tidemark.server.topic.DataType;
import dev.tidemark.server.topic.Topic;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * Appends few records in one autocommitted statement: reserve, and INSERT what it placed. Measured against reserve + COPY + COMMIT (see
 * docs/decisions): ahead for small groups, behind from about a thousand records.
 */
final class SmallAppend {
    private static final int MAX_RECORDS = 500;
    private static final int MAX_BYTES = 128 * 1024;

    private final SchemaNames schemas;
    private final Reservation reservation;

    SmallAppend(SchemaNames schemas, Reservation reservation) {
        this.schemas = schemas;
        this.reservation = reservation;
    }

    /** Whether the batches are few enough, and of one topic. */
    static boolean fits(List<Candidate> candidates) {
        int records = 0;
        long bytes = 0;
        int topicId = candidates.get(0).batch().topic().id();
        for (Candidate candidate : candidates) {
            CheckedBatch batch = candidate.batch();
            records += batch.recordCount();
            bytes += batch.frame().length();
            if (records > MAX_RECORDS || bytes > MAX_BYTES || batch.topic().id() != topicId) {
                return false;
            }
        }
        return true;
    }

    /**
     * What was placed and is committed.
     *
     * @param isReplicationWaitCut whether nobody knows that it has reached the standbys it was to reach
     */
    record Committed(List<Place> places, boolean isReplicationWaitCut) {}

    /** The connection is in autocommit mode; when this returns, what was placed is committed. */
    Committed append(Connection connection, List<Candidate> candidates, Attempt attempt) throws SQLException {
        Rows rows = new Rows(candidates);
        PGConnection postgres = connection.unwrap(PGConnection.class);
        try (PreparedStatement statement =
                connection.prepareStatement(sql(candidates.get(0).batch().topic()))) {
            int i = reservation.bind(statement, candidates, attempt);
            statement.setArray(i++, postgres.createArrayOf("int4", rows.batches));
            statement.setArray(i++, postgres.createArrayOf("int4", rows.indexes));
            statement.setArray(i++, postgres.createArrayOf("int4", rows.partitions));
            statement.setArray(i++, connection.createArrayOf("int8", rows.timestamps));
            statement.setArray(i++, connection.createArrayOf("bytea", rows.keys));
            statement.setArray(i++, connection.createArrayOf("bytea", rows.values));
            statement.setArray(i, connection.createArrayOf("text", rows.headers));
            try (ResultSet places = statement.executeQuery()) {
                return new Committed(
                        Reservation.places(candidates, places),
                        SqlStates.isReplicationWaitCut(statement.getWarnings()));
            }
        }
    }

    private String sql(Topic topic) {
        return "with place as materialized (select * from " + reservation.call() + " with ordinality), "
                + "record as (insert into " + schemas.internal() + ".topic_" + topic.id()
                + " (record_offset, \"timestamp\", partition, key, value, headers)"
                + " select p.base_offset + r.index, timestamptz 'epoch' + coalesce(r.ts, p.append_time_ms) * interval '1 ms', r.partition, "
                + column("r.key", topic.config().keyType()) + ", "
                + column("r.value", topic.config().valueType()) + ", r.headers::json"
                + " from " + schemas.internal() + ".record_rows(?, ?, ?, ?, ?, ?, ?) r"
                + " join place p on p.ordinality = r.batch and p.outcome = 'appended'"
                + " order by r.batch, r.index) "
                + "select " + Reservation.COLUMNS + " from place order by ordinality";
    }

    private static String column(String bytes, DataType type) {
        return switch (type) {
            case BYTES -> bytes;
            case TEXT -> "convert_from(" + bytes + ", 'UTF8')";
            case JSON -> "convert_from(" + bytes + ", 'UTF8')::json";
        };
    }

    /** The records, one array a column. */
    private static final class Rows {
        private final int[] batches;
        private final int[] indexes;
        private final int[] partitions;
        private final @Nullable Long[] timestamps;
        // Elements may be null; pgjdbc wants exactly this type.
        private final byte[][] keys;
        private final byte[][] values;
        private final @Nullable String[] headers;

        Rows(List<Candidate> candidates) {
            int n = candidates.stream().mapToInt(c -> c.batch().recordCount()).sum();
            batches = new int[n];
            indexes = new int[n];
            partitions = new int[n];
            timestamps = new Long[n];
            keys = new byte[n][];
            values = new byte[n][];
            headers = new String[n];
            int row = 0;
            for (int batch = 0; batch < candidates.size(); batch++) {
                row = fill(candidates.get(batch).batch(), batch + 1, row);
            }
        }

        private int fill(CheckedBatch batch, int number, int firstRow) {
            byte[] bytes = batch.frame().bytes();
            int at = batch.frame().at();
            boolean stamped = batch.topic().config().logAppendTime();
            for (int i = 0; i < batch.recordCount(); i++) {
                int row = firstRow + i;
                int valueAt = RecordLayout.skip(bytes, at + RecordLayout.KEY_LENGTH_AT);
                int headersAt = RecordLayout.skip(bytes, valueAt);
                batches[row] = number;
                indexes[row] = i;
                partitions[row] = batch.frame().partition();
                timestamps[row] = stamped ? null : RecordLayout.timestampMs(bytes, at);
                keys[row] = part(bytes, at + RecordLayout.KEY_LENGTH_AT);
                values[row] = part(bytes, valueAt);
                byte[] json = part(bytes, headersAt);
                headers[row] = json == null ? null : new String(json, StandardCharsets.UTF_8);
                at = RecordLayout.end(bytes, at);
            }
            return firstRow + batch.recordCount();
        }

        private static byte @Nullable [] part(byte[] bytes, int lengthAt) {
            return RecordLayout.isNull(bytes, lengthAt)
                    ? null
                    : Arrays.copyOfRange(bytes, lengthAt + 4, RecordLayout.skip(bytes, lengthAt));
        }
    }
}
