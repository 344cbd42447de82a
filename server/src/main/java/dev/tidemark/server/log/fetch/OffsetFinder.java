package dev.tidemark.server.log.fetch;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.postgres.SqlStates;
import dev.tidemark.server.topic.Topic;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds offsets by position or time. Blocks on the database. */
final class OffsetFinder {
    private final Database database;
    private final LogReader reader;
    private final int leaderEpoch;

    OffsetFinder(Database database, LogReader reader, int leaderEpoch) {
        this.database = database;
        this.reader = reader;
        this.leaderEpoch = leaderEpoch;
    }

    /** @throws ApiException UNKNOWN_TOPIC_OR_PARTITION, BROKER_NOT_AVAILABLE */
    OffsetFound find(Topic topic, int partition, OffsetQuery query) {
        int partitionId = topic.partitionId(partition);
        try {
            LogReader.Range range = reader.ranges(List.of(partitionId)).stream()
                    .findFirst()
                    .orElseThrow(() -> new ApiException(
                            ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "topic " + topic.name() + " has been deleted"));
            if (query instanceof OffsetQuery.AtTime at) {
                return atTime(topic, partition, range, at.timestampMs());
            }
            long offset = query instanceof OffsetQuery.Earliest ? range.logStartOffset() : range.logEndOffset();
            return new OffsetFound(offset, null, leaderEpoch, range.logEndOffset());
        } catch (SQLException e) {
            throw SqlStates.isUnavailable(e)
                    ? SqlStates.unavailable(e)
                    : new IllegalStateException("offsets not found", e);
        }
    }

    private record Span(long first, long end) {}

    private OffsetFound atTime(Topic topic, int partition, LogReader.Range range, long timestampMs)
            throws SQLException {
        OffsetDateTime time = Instant.ofEpochMilli(timestampMs).atOffset(ZoneOffset.UTC);
        try (Connection connection = database.connection()) {
            Span batch = batchAt(connection, range.partitionId(), time, 0);
            while (batch != null) {
                OffsetFound found = within(connection, topic, partition, time, batch, range.logEndOffset());
                if (found != null) {
                    return found;
                }
                // The batch's latest record lies below the log start.
                batch = batchAt(connection, range.partitionId(), time, batch.end());
            }
        }
        return new OffsetFound(null, null, leaderEpoch, range.logEndOffset());
    }

    private @Nullable Span batchAt(Connection connection, int partitionId, OffsetDateTime time, long from)
            throws SQLException {
        try (PreparedStatement query = connection.prepareStatement(
                "select first_offset, end_offset from " + database.schemas().internal() + ".batch_at(?, ?, ?)")) {
            query.setInt(1, partitionId);
            query.setObject(2, time);
            query.setLong(3, from);
            try (ResultSet row = query.executeQuery()) {
                return row.next() ? new Span(row.getLong(1), row.getLong(2)) : null;
            }
        }
    }

    private @Nullable OffsetFound within(
            Connection connection, Topic topic, int partition, OffsetDateTime time, Span batch, long logEnd)
            throws SQLException {
        try (PreparedStatement query = connection.prepareStatement("select record_offset, \"timestamp\" from "
                + database.schemas().internal() + ".topic_" + topic.id()
                + " where partition = ? and record_offset >= ? and record_offset < ? and \"timestamp\" >= ?"
                + " order by record_offset limit 1")) {
            query.setInt(1, partition);
            query.setLong(2, batch.first());
            query.setLong(3, batch.end());
            query.setObject(4, time);
            try (ResultSet row = query.executeQuery()) {
                if (!row.next()) {
                    return null;
                }
                long found = row.getObject(2, OffsetDateTime.class).toInstant().toEpochMilli();
                return new OffsetFound(row.getLong(1), found, leaderEpoch, logEnd);
            }
        }
    }
}
