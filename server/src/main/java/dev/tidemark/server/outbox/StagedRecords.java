package dev.tidemark.server.outbox;

import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.postgres.SchemaNames;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The staging tables, through the functions in the migrations {@code R__47} to {@code R__49}. Blocks on the database. */
final class StagedRecords {
    /** Enough for any metric. */
    private static final int COUNTED = 100_000;

    private final Database database;
    private final SchemaNames schemas;

    StagedRecords(Database database) {
        this.database = database;
        this.schemas = database.schemas();
    }

    /**
     * What is to be put into the log next; null when there is nothing.
     *
     * @param maxBytes of keys, values and headers, beyond a first record
     */
    @Nullable
    StagedSlice next(int maxRecords, long maxBytes) throws SQLException {
        try (Connection connection = database.connection();
                PreparedStatement query =
                        connection.prepareStatement("select * from " + schemas.internal() + ".next_staged(?, ?)")) {
            query.setInt(1, maxRecords);
            query.setLong(2, maxBytes);
            try (ResultSet rows = query.executeQuery()) {
                return slice(rows);
            }
        }
    }

    private static @Nullable StagedSlice slice(ResultSet rows) throws SQLException {
        if (!rows.next()) {
            return null;
        }
        long positionId = rows.getLong("position_id");
        String lastSnapshot = rows.getString("last_snapshot");
        String snapshot = rows.getString("snapshot");
        Long lastId = rows.getObject("last_id", Long.class);
        boolean isRest = !rows.getBoolean("more");
        List<StagedRecord> records = new ArrayList<>();
        do {
            records.add(record(rows));
        } while (rows.next());
        return new StagedSlice(positionId, lastSnapshot, snapshot, lastId, isRest, records);
    }

    private static StagedRecord record(ResultSet row) throws SQLException {
        String headers = row.getString("headers");
        return new StagedRecord(
                row.getLong("id"),
                topic(row),
                row.getObject("partition", Integer.class),
                row.getLong("timestamp_ms"),
                row.getBytes("key"),
                row.getBytes("value"),
                headers == null ? null : headers.getBytes(StandardCharsets.UTF_8),
                row.getString("principal"),
                row.getTimestamp("staged_at").getTime());
    }

    private static @Nullable StagedTopic topic(ResultSet row) throws SQLException {
        String name = row.getString("topic");
        return name == null
                ? null
                : new StagedTopic(
                        row.getInt("topic_id"),
                        name,
                        row.getString("key_type"),
                        row.getString("value_type"),
                        row.getInt("partition_count"));
    }

    /** What became of a try to move the position. */
    enum Advance {
        ADVANCED,
        /** Another server is at it. */
        LOCKED,
        /** Another server was here since the slice was read. */
        MOVED
    }

    /** Moves the position behind a slice, in the connection's transaction. */
    Advance advance(Connection connection, StagedSlice slice) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("select " + schemas.internal() + ".advance_staged(?, ?, ?, ?, ?)")) {
            statement.setLong(1, slice.positionId());
            statement.setString(2, slice.lastSnapshot());
            statement.setString(3, slice.snapshot());
            statement.setObject(4, slice.nextAfterId(), Types.BIGINT);
            statement.setObject(5, slice.isRest() ? null : slice.lastId(), Types.BIGINT);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return Advance.valueOf(row.getString(1).toUpperCase(Locale.ROOT));
            }
        }
    }

    /** Ends the session of a server that has stood still for so long in the middle of it. @return whether there was one */
    boolean endStalled(Duration held) throws SQLException {
        try (Connection connection = database.connection();
                PreparedStatement statement =
                        connection.prepareStatement("select " + schemas.internal() + ".end_stalled_sequencer(?)")) {
            statement.setLong(1, held.toMillis());
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getBoolean(1);
            }
        }
    }

    /** A step of housekeeping. @return what it did, or null */
    @Nullable
    String rotate(Rotation rotation) throws SQLException {
        try (Connection connection = database.connection();
                PreparedStatement statement =
                        connection.prepareStatement("select " + schemas.internal() + ".rotate_staged(?, ?, ?)")) {
            statement.setLong(1, rotation.maxBytes());
            statement.setLong(2, rotation.maxAge().toMillis());
            statement.setLong(3, rotation.rest().toMillis());
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getString(1);
            }
        }
    }

    /** @param all also those of long ago */
    void dropOldPositions(boolean all) throws SQLException {
        try (Connection connection = database.connection();
                PreparedStatement statement =
                        connection.prepareStatement("select " + schemas.internal() + ".drop_old_positions(?)")) {
            statement.setBoolean(1, all);
            statement.executeQuery().close();
        }
    }

    /**
     * What waits.
     *
     * @param records up to 100,000 are counted
     * @param oldestMs the age of the oldest of those, since it was staged
     * @param tableBytes what the staging tables take, with what is in the log already
     */
    record Backlog(long records, long oldestMs, long tableBytes) {
        static final Backlog NONE = new Backlog(0, 0, 0);
    }

    Backlog backlog() throws SQLException {
        try (Connection connection = database.connection();
                PreparedStatement query = connection.prepareStatement(
                        "select records, oldest_ms, bytes from " + schemas.internal() + ".measure_staged(?)")) {
            query.setInt(1, COUNTED);
            try (ResultSet row = query.executeQuery()) {
                row.next();
                return new Backlog(row.getLong(1), row.getLong(2), row.getLong(3));
            }
        }
    }
}
