package dev.tidemark.server.log.fetch;

import dev.tidemark.protocol.RecordLayout;
import dev.tidemark.server.log.epoch.LeaderEpoch;
import dev.tidemark.server.log.epoch.LeaderEpochs;
import dev.tidemark.server.log.tail.Slice;
import dev.tidemark.server.log.tail.Tail;
import dev.tidemark.server.postgres.Database;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyOut;

/** Reads records and ranges from the database. Blocks; one pooled connection for the time of a call. */
final class LogReader {
    private static final String COLUMNS = "record_offset, \"timestamp\", partition, key, value, headers, attributes";

    private final Database database;
    private final LeaderEpochs epochs;
    private final FetchMetrics metrics;
    private final String planSql;
    private final String rangesSql;

    LogReader(Database database, LeaderEpochs epochs, FetchMetrics metrics) {
        this.database = database;
        this.epochs = epochs;
        this.metrics = metrics;
        String internal = database.schemas().internal();
        this.planSql = "select log_start_offset, log_end_offset, leaf, first_block, end_block, read_end from "
                + internal + ".plan_fetch(?, ?, ?, ?, ?, ?)";
        this.rangesSql =
                "select partition_id, log_start_offset, log_end_offset from " + internal + ".log_ranges(?, ?, ?)";
    }

    /** @param leaderEpoch the epoch it was read in */
    record Range(int leaderEpoch, int partitionId, long logStartOffset, long logEndOffset) {
        Tail.Range seen() {
            return new Tail.Range(leaderEpoch, logStartOffset, logEndOffset);
        }
    }

    /**
     * What was read.
     *
     * @param records null when the offset is not below the log end, or below the log start; whole records in each slice
     */
    record Read(Range range, @Nullable List<Slice> records, int recordCount, int byteCount, long nextOffset) {
        boolean isAtLogEnd() {
            return nextOffset >= range.logEndOffset();
        }
    }

    private record Plan(
            Range range,
            @Nullable String leaf,
            int firstBlock,
            @Nullable Integer endBlock,
            long readEnd) {}

    /** Ranges of those partitions that are there. */
    List<Range> ranges(Collection<Integer> partitionIds) throws SQLException {
        return epochs.inCurrent(epoch -> ranges(epoch, partitionIds));
    }

    private List<Range> ranges(LeaderEpoch epoch, Collection<Integer> partitionIds) throws SQLException {
        try (Connection connection = database.connection();
                PreparedStatement query = connection.prepareStatement(rangesSql)) {
            query.setArray(1, connection.createArrayOf("int4", partitionIds.toArray()));
            query.setInt(2, epoch.number());
            query.setObject(3, epoch.runId());
            try (ResultSet rows = query.executeQuery()) {
                List<Range> ranges = new ArrayList<>();
                while (rows.next()) {
                    ranges.add(new Range(epoch.number(), rows.getInt(1), rows.getLong(2), rows.getLong(3)));
                }
                return ranges;
            }
        }
    }

    /**
     * Reads from an offset on, in one database transaction, so that its plan settings stay in it.
     *
     * @return null when the partition is gone
     */
    @Nullable
    Read read(int partitionId, long offset, int maxRecords, int maxBytes) throws SQLException {
        return epochs.inCurrent(epoch -> Optional.ofNullable(read(epoch, partitionId, offset, maxRecords, maxBytes)))
                .orElse(null);
    }

    private @Nullable Read read(LeaderEpoch epoch, int partitionId, long offset, int maxRecords, int maxBytes)
            throws SQLException {
        try (Connection connection = database.connection()) {
            connection.setAutoCommit(false);
            // Rolled back when the pool gets it back: here, on a connection that broke, that would fail too, and hide
            // why.
            Plan plan = plan(connection, epoch, partitionId, offset, maxRecords, maxBytes);
            return plan == null ? null : read(connection, plan, offset, maxBytes);
        }
    }

    private @Nullable Plan plan(
            Connection connection, LeaderEpoch epoch, int partitionId, long offset, int maxRecords, int maxBytes)
            throws SQLException {
        try (PreparedStatement query = connection.prepareStatement(planSql)) {
            query.setInt(1, partitionId);
            query.setLong(2, offset);
            query.setLong(3, maxBytes);
            query.setInt(4, maxRecords);
            query.setInt(5, epoch.number());
            query.setObject(6, epoch.runId());
            try (ResultSet row = query.executeQuery()) {
                if (!row.next()) {
                    return null;
                }
                Range range = new Range(epoch.number(), partitionId, row.getLong(1), row.getLong(2));
                int endBlock = row.getInt(5);
                Integer bounded = row.wasNull() ? null : endBlock;
                return new Plan(range, row.getString(3), row.getInt(4), bounded, row.getLong(6));
            }
        }
    }

    private Read read(Connection connection, Plan plan, long offset, int maxBytes) throws SQLException {
        String leaf = plan.leaf();
        if (leaf == null) {
            return new Read(plan.range(), null, 0, 0, offset);
        }
        RecordCollector found = copy(connection, byBlocks(plan, leaf, offset), offset, maxBytes);
        if (!found.isDenseUpTo(plan.readEnd())) {
            // Rows lie elsewhere than the batch rows' hint says; the leaf's index knows.
            metrics.hintMissed();
            found = copy(connection, byIndex(plan, leaf, offset), offset, maxBytes);
        }
        // What the log does not hold as a record (a control record, say) is passed over, so a fetch always gets on.
        long next = found.isFull() ? found.lastOffset() + 1 : plan.readEnd();
        return new Read(plan.range(), found.records(), found.recordCount(), found.byteCount(), next);
    }

    /** In the order the rows lie in, which is the offsets' own but for rare cases; the collector sees those. Sorting would cost a tenth of a read. */
    private static String byBlocks(Plan plan, String leaf, long offset) {
        String bound = plan.endBlock() == null ? "" : " and ctid < '(" + plan.endBlock() + ",0)'::tid";
        return "copy ("
                + select(leaf, "ctid >= '(" + plan.firstBlock() + ",0)'::tid" + bound + " and ", offset, plan.readEnd())
                + " limit " + (plan.readEnd() - offset) + ") to stdout (format binary)";
    }

    private static String byIndex(Plan plan, String leaf, long offset) {
        return "copy (" + select(leaf, "", offset, plan.readEnd())
                + " order by record_offset) to stdout (format binary)";
    }

    /** COPY takes no parameters; everything in its text is a number, but for the leaf's name, which the catalogue gives quoted. */
    private static String select(String leaf, String blocks, long from, long to) {
        return "select " + COLUMNS + " from " + leaf + " where " + blocks + "record_offset >= " + from
                + " and record_offset < " + to;
    }

    private RecordCollector copy(Connection connection, String sql, long offset, int maxBytes) throws SQLException {
        CopyOut copy = connection.unwrap(PGConnection.class).getCopyAPI().copyOut(sql);
        RecordCollector collector = new RecordCollector(offset, maxBytes);
        byte[] row = copy.readFromCopy();
        while (row != null) {
            collector.add(row);
            row = copy.readFromCopy();
        }
        return collector;
    }

    /** Gathers the rows of a binary COPY, in slices so that none is copied again when there are more than thought. */
    private static final class RecordCollector {
        /** Signature, flags and length of extension, sent with the first row. Source: PostgreSQL documentation, COPY, "File Header". */
        private static final int FILE_HEADER_BYTES = 19;

        private static final int FIRST_SLICE_BYTES = 8 * 1024;
        private static final int MAX_SLICE_BYTES = 256 * 1024;

        private final int maxBytes;
        private final List<Slice> full = new ArrayList<>();
        private byte[] filling = {};
        private int filled;
        private int fullBytes;
        private int count;
        private long expected;
        private boolean dense = true;
        private boolean overfull;
        private boolean headerSeen;

        RecordCollector(long offset, int maxBytes) {
            this.expected = offset;
            this.maxBytes = maxBytes;
        }

        void add(byte[] row) {
            int at = 0;
            if (!headerSeen) {
                headerSeen = true;
                at = FILE_HEADER_BYTES;
            }
            int rowLength = row.length - at;
            if (rowLength < RecordLayout.OVERHEAD_BYTES) {
                // The trailer, or a header without rows.
                return;
            }
            if (overfull || count > 0 && byteCount() + rowLength > maxBytes) {
                // The plan guesses sizes within a batch; what is too much is read again by the next fetch.
                overfull = true;
                return;
            }
            long offset = RecordLayout.offset(row, at);
            dense &= offset == expected;
            expected = offset + 1;
            append(row, at, rowLength);
            count++;
        }

        private void append(byte[] row, int at, int rowLength) {
            if (rowLength > filling.length - filled) {
                int twice = filling.length == 0 ? FIRST_SLICE_BYTES : Math.min(2 * filling.length, MAX_SLICE_BYTES);
                finishSlice();
                filling = new byte[Math.max(rowLength, Math.min(twice, maxBytes - fullBytes))];
            }
            System.arraycopy(row, at, filling, filled, rowLength);
            filled += rowLength;
        }

        private void finishSlice() {
            if (filled > 0) {
                full.add(new Slice(filling, 0, filled));
                fullBytes += filled;
                filled = 0;
            }
        }

        boolean isDenseUpTo(long end) {
            return dense && (overfull || expected == end);
        }

        boolean isFull() {
            return overfull;
        }

        long lastOffset() {
            return expected - 1;
        }

        int byteCount() {
            return fullBytes + filled;
        }

        int recordCount() {
            return count;
        }

        List<Slice> records() {
            finishSlice();
            return full;
        }
    }
}
