package dev.tidemark.server.log.fetch;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.RecordLayout;
import dev.tidemark.server.log.tail.Slice;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.postgres.SqlStates;
import dev.tidemark.server.topic.Topic;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds offsets by position or time. Blocks on the database. */
final class OffsetFinder {
    /** Of a batch in memory at a time. */
    private static final int MAX_READ_BYTES = 1024 * 1024;

    private final Database database;
    private final LogReader reader;

    OffsetFinder(Database database, LogReader reader) {
        this.database = database;
        this.reader = reader;
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
                return atTime(range, at.timestampMs());
            }
            long offset = query instanceof OffsetQuery.Earliest ? range.logStartOffset() : range.logEndOffset();
            return new OffsetFound(offset, null, range.leaderEpoch(), range.logEndOffset());
        } catch (SQLException e) {
            throw SqlStates.isUnavailable(e)
                    ? SqlStates.unavailable(e)
                    : new IllegalStateException("offsets not found", e);
        }
    }

    private record Span(long first, long end) {}

    private OffsetFound atTime(LogReader.Range range, long timestampMs) throws SQLException {
        Span batch = batchAt(range.partitionId(), timestampMs, 0);
        while (batch != null) {
            OffsetFound found = within(range, timestampMs, batch);
            if (found != null) {
                return found;
            }
            // The batch's latest record lies below the log start.
            batch = batchAt(range.partitionId(), timestampMs, batch.end());
        }
        return new OffsetFound(null, null, range.leaderEpoch(), range.logEndOffset());
    }

    private @Nullable Span batchAt(int partitionId, long timestampMs, long from) throws SQLException {
        try (Connection connection = database.connection();
                PreparedStatement query = connection.prepareStatement("select first_offset, end_offset from "
                        + database.schemas().internal() + ".batch_at(?, ?, ?)")) {
            query.setInt(1, partitionId);
            query.setObject(2, Instant.ofEpochMilli(timestampMs).atOffset(ZoneOffset.UTC));
            query.setLong(3, from);
            try (ResultSet row = query.executeQuery()) {
                return row.next() ? new Span(row.getLong(1), row.getLong(2)) : null;
            }
        }
    }

    /** Looks through a batch as a fetch would read it: a query by time has no index to go by, and would scan the leaf. */
    private @Nullable OffsetFound within(LogReader.Range range, long timestampMs, Span batch) throws SQLException {
        long offset = batch.first();
        while (offset < batch.end()) {
            LogReader.Read read =
                    reader.read(range.partitionId(), offset, (int) (batch.end() - offset), MAX_READ_BYTES);
            List<Slice> records = read == null ? null : read.records();
            if (read == null || records == null) {
                return null;
            }
            for (Slice slice : records) {
                int at = firstFrom(slice, timestampMs);
                if (at >= 0) {
                    return new OffsetFound(
                            RecordLayout.offset(slice.bytes(), at),
                            RecordLayout.timestampMs(slice.bytes(), at),
                            range.leaderEpoch(),
                            range.logEndOffset());
                }
            }
            offset = read.nextOffset();
        }
        return null;
    }

    /** Where the first record at or after that time begins; -1 when there is none. */
    private static int firstFrom(Slice records, long timestampMs) {
        int end = records.at() + records.length();
        for (int at = records.at(); at < end; at = RecordLayout.end(records.bytes(), at)) {
            if (RecordLayout.timestampMs(records.bytes(), at) >= timestampMs) {
                return at;
            }
        }
        return -1;
    }
}
