package dev.tidemark.server.log.fetch;

import dev.tidemark.protocol.RecordLayout;
import dev.tidemark.server.log.epoch.LeaderEpoch;
import dev.tidemark.server.log.epoch.LeaderEpochs;
import dev.tidemark.server.log.tail.Slice;
import dev.tidemark.server.log.tail.Tail;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.postgres.SqlStates;
import dev.tidemark.server.topic.Topic;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyOut;

/** Reads records and ranges from the database. Blocks; one pooled connection for the time of a call. */
final class LogReader {
    private static final String PLAN = "log_start_offset, log_end_offset, leaf, first_block, end_block, read_end";

    /** A leaf that a plan names may be dropped before it is read. That moves the log start or ends the topic, so that the next plan names another or none. */
    private static final int MAX_PLANS = 2;

    private static final String TO_STDOUT = ") to stdout (format binary)";

    /** Signature, flags and length of extension, sent with the first row. Source: PostgreSQL documentation, COPY, "File Header". */
    private static final int FILE_HEADER_BYTES = 19;

    private static final String COLUMNS = "record_offset, \"timestamp\", partition, key, value, headers, attributes";

    private final Database database;
    private final LeaderEpochs epochs;
    private final FetchMetrics metrics;
    private final String planSql;
    private final String plansSql;
    private final String rangesSql;

    LogReader(Database database, LeaderEpochs epochs, FetchMetrics metrics) {
        this.database = database;
        this.epochs = epochs;
        this.metrics = metrics;
        String internal = database.schemas().internal();
        this.planSql = "select " + PLAN + " from " + internal + ".plan_fetch(?, ?, ?, ?, ?, ?)";
        this.plansSql = "select " + PLAN + ", n from unnest(?, ?) with ordinality wanted(id, from_offset, n), lateral "
                + internal + ".plan_fetch(id, from_offset, ?, ?, ?, ?)";
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

    /** Records of a partition from an offset on. */
    record Wanted(Topic topic, int partition, long offset) {
        int partitionId() {
            return topic.partitionId(partition);
        }
    }

    /** Where the records from an offset on lie; nowhere, where the leaf is null. */
    private record Plan(
            long offset,
            Range range,
            @Nullable String leaf,
            int firstBlock,
            @Nullable Integer endBlock,
            long readEnd) {
        int partitionId() {
            return range.partitionId();
        }
    }

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
        return inTransaction((connection, epoch) -> {
                    Plan plan = plan(connection, epoch, partitionId, offset, maxRecords, maxBytes);
                    return Optional.ofNullable(plan == null ? null : read(connection, plan, maxBytes));
                })
                .orElse(null);
    }

    /**
     * Reads from several partitions, in one database transaction, two queries and a COPY a topic: where little is wanted of each, that takes hardly longer
     * than from one.
     *
     * @param maxRecords of each
     * @param maxBytes of each; and of all together, but for a first record
     * @param found told, before the transaction is ended, what was read by partition id: without partitions that are gone, and without the records there was
     *     no room for. When the transaction is tried again, twice
     */
    void readTogether(List<Wanted> wanted, int maxRecords, int maxBytes, Consumer<Map<Integer, Read>> found)
            throws SQLException {
        int share = Math.max(1, maxBytes / wanted.size());
        inTransaction((connection, epoch) -> {
            Map<Integer, Read> reads = new HashMap<>();
            Map<Topic, List<Plan>> byTopic = new LinkedHashMap<>();
            List<@Nullable Plan> plans = plans(connection, epoch, wanted, maxRecords, share);
            for (int i = 0; i < plans.size(); i++) {
                Plan plan = plans.get(i);
                if (plan != null && plan.leaf() == null) {
                    reads.put(plan.partitionId(), nothing(plan));
                } else if (plan != null) {
                    byTopic.computeIfAbsent(wanted.get(i).topic(), topic -> new ArrayList<>())
                            .add(plan);
                }
            }
            int bytesLeft = maxBytes;
            for (Map.Entry<Topic, List<Plan>> topic : byTopic.entrySet()) {
                SeveralCollectors collectors = new SeveralCollectors(topic.getKey(), share, bytesLeft);
                topic.getValue().forEach(collectors::expect);
                copy(connection, byBlocks(topic.getValue()), collectors);
                for (Plan plan : topic.getValue()) {
                    RecordCollector collector = collectors.of(plan);
                    reads.put(
                            plan.partitionId(),
                            collector.hadNoRoom() ? nothing(plan) : read(connection, plan, collector, share));
                }
                bytesLeft -= collectors.bytes();
            }
            found.accept(reads);
            return reads.size();
        });
    }

    private interface Reading<T> {
        T in(Connection connection, LeaderEpoch epoch) throws SQLException;
    }

    private <T> T inTransaction(Reading<T> reading) throws SQLException {
        for (int tries = 1; ; tries++) {
            try {
                return epochs.inCurrent(epoch -> inTransaction(epoch, reading));
            } catch (SQLException e) {
                if (tries == MAX_PLANS || !SqlStates.state(e).equals(SqlStates.UNDEFINED_TABLE)) {
                    throw e;
                }
            }
        }
    }

    private <T> T inTransaction(LeaderEpoch epoch, Reading<T> reading) throws SQLException {
        try (Connection connection = database.connection()) {
            connection.setAutoCommit(false);
            // Rolled back when the pool gets it back: here, on a connection that broke, that would fail too, and hide
            // why.
            return reading.in(connection, epoch);
        }
    }

    private @Nullable Plan plan(
            Connection connection, LeaderEpoch epoch, int partitionId, long offset, int maxRecords, int maxBytes)
            throws SQLException {
        try (PreparedStatement query = connection.prepareStatement(planSql)) {
            query.setInt(1, partitionId);
            query.setLong(2, offset);
            bind(query, epoch, maxRecords, maxBytes);
            try (ResultSet row = query.executeQuery()) {
                return row.next() ? plan(row, epoch, partitionId, offset) : null;
            }
        }
    }

    /** One element a partition wanted: null where that is gone. */
    private List<@Nullable Plan> plans(
            Connection connection, LeaderEpoch epoch, List<Wanted> wanted, int maxRecords, int maxBytes)
            throws SQLException {
        @Nullable Plan[] plans = new Plan[wanted.size()];
        try (PreparedStatement query = connection.prepareStatement(plansSql)) {
            query.setArray(
                    1,
                    connection.createArrayOf(
                            "int4", wanted.stream().map(Wanted::partitionId).toArray()));
            query.setArray(
                    2,
                    connection.createArrayOf(
                            "int8", wanted.stream().map(Wanted::offset).toArray()));
            bind(query, epoch, maxRecords, maxBytes);
            try (ResultSet rows = query.executeQuery()) {
                while (rows.next()) {
                    int i = rows.getInt(7) - 1;
                    plans[i] = plan(
                            rows,
                            epoch,
                            wanted.get(i).partitionId(),
                            wanted.get(i).offset());
                }
            }
        }
        return Arrays.asList(plans);
    }

    private static void bind(PreparedStatement query, LeaderEpoch epoch, int maxRecords, int maxBytes)
            throws SQLException {
        query.setLong(3, maxBytes);
        query.setInt(4, maxRecords);
        query.setInt(5, epoch.number());
        query.setObject(6, epoch.runId());
    }

    private static Plan plan(ResultSet row, LeaderEpoch epoch, int partitionId, long offset) throws SQLException {
        Range range = new Range(epoch.number(), partitionId, row.getLong(1), row.getLong(2));
        String leaf = row.getString(3);
        if (leaf != null && Character.isDigit(leaf.charAt(0))) {
            // So PostgreSQL shows a table that was dropped while the function ran: by its number.
            throw new SQLException("leaf " + leaf + " is gone", SqlStates.UNDEFINED_TABLE);
        }
        int endBlock = row.getInt(5);
        Integer bounded = row.wasNull() ? null : endBlock;
        return new Plan(offset, range, leaf, row.getInt(4), bounded, row.getLong(6));
    }

    private static Read nothing(Plan plan) {
        return new Read(plan.range(), null, 0, 0, plan.offset());
    }

    private Read read(Connection connection, Plan plan, int maxBytes) throws SQLException {
        if (plan.leaf() == null) {
            return nothing(plan);
        }
        RecordCollector found = new RecordCollector(plan.offset(), maxBytes);
        copy(connection, byBlocks(List.of(plan)), found);
        return read(connection, plan, found, maxBytes);
    }

    /** What was found by blocks, or where that is not all of it, what the index finds. */
    private Read read(Connection connection, Plan plan, RecordCollector byBlocks, int maxBytes) throws SQLException {
        RecordCollector found = byBlocks;
        if (!found.isDenseUpTo(plan.readEnd())) {
            // Rows lie elsewhere than the batch rows' hint says; the leaf's index knows.
            metrics.hintMissed();
            found = new RecordCollector(plan.offset(), maxBytes);
            copy(connection, byIndex(plan), found);
        }
        // What the log does not hold as a record (a control record, say) is passed over, so a fetch always gets on.
        long next = found.isFull() ? found.lastOffset() + 1 : plan.readEnd();
        return new Read(plan.range(), found.records(), found.recordCount(), found.byteCount(), next);
    }

    /** In the order the rows lie in, which is the offsets' own but for rare cases; the collector sees those. Sorting would cost a tenth of a read. */
    private static String byBlocks(List<Plan> plans) {
        return plans.stream().map(LogReader::byBlocks).collect(Collectors.joining(" union all ", "copy (", TO_STDOUT));
    }

    private static String byBlocks(Plan plan) {
        String bound = plan.endBlock() == null ? "" : " and ctid < '(" + plan.endBlock() + ",0)'::tid";
        return "(" + select(plan, "ctid >= '(" + plan.firstBlock() + ",0)'::tid" + bound + " and ") + " limit "
                + (plan.readEnd() - plan.offset()) + ")";
    }

    private static String byIndex(Plan plan) {
        return "copy (" + select(plan, "") + " order by record_offset" + TO_STDOUT;
    }

    /** COPY takes no parameters; everything in its text is a number, but for the leaf's name, which the catalogue gives quoted. */
    private static String select(Plan plan, String blocks) {
        return "select " + COLUMNS + " from " + plan.leaf() + " where " + blocks + "record_offset >= " + plan.offset()
                + " and record_offset < " + plan.readEnd();
    }

    /** Takes rows of a binary COPY, each a whole tuple. */
    private interface Rows {
        void add(byte[] bytes, int at, int length);
    }

    private static void copy(Connection connection, String sql, Rows rows) throws SQLException {
        CopyOut copy = connection.unwrap(PGConnection.class).getCopyAPI().copyOut(sql);
        byte[] row = copy.readFromCopy();
        int at = FILE_HEADER_BYTES;
        while (row != null) {
            int length = row.length - at;
            // Less is the trailer, or a header without rows.
            if (length >= RecordLayout.OVERHEAD_BYTES) {
                rows.add(row, at, length);
            }
            at = 0;
            row = copy.readFromCopy();
        }
    }

    /** Collects the rows of several partitions of a topic. */
    private static final class SeveralCollectors implements Rows {
        private final Topic topic;
        private final int maxBytesEach;
        private final int maxBytes;
        private final Map<Integer, RecordCollector> byPartitionId = new HashMap<>();
        private int bytes;

        SeveralCollectors(Topic topic, int maxBytesEach, int maxBytes) {
            this.topic = topic;
            this.maxBytesEach = maxBytesEach;
            this.maxBytes = maxBytes;
        }

        void expect(Plan plan) {
            byPartitionId.put(plan.partitionId(), new RecordCollector(plan.offset(), maxBytesEach));
        }

        RecordCollector of(Plan plan) {
            return Objects.requireNonNull(byPartitionId.get(plan.partitionId()));
        }

        int bytes() {
            return bytes;
        }

        @Override
        public void add(byte[] row, int at, int length) {
            int partition = RecordLayout.partition(row, at);
            RecordCollector collector = Objects.requireNonNull(byPartitionId.get(topic.partitionId(partition)));
            if (bytes > 0 && bytes + length > maxBytes) {
                collector.noRoom();
                return;
            }
            int before = collector.byteCount();
            collector.add(row, at, length);
            bytes += collector.byteCount() - before;
        }
    }

    /** Gathers the rows of a binary COPY, in slices so that none is copied again when there are more than thought. */
    private static final class RecordCollector implements Rows {
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

        RecordCollector(long offset, int maxBytes) {
            this.expected = offset;
            this.maxBytes = maxBytes;
        }

        @Override
        public void add(byte[] row, int at, int rowLength) {
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

        /** Leaves this row out, and those after it. */
        void noRoom() {
            overfull = true;
        }

        boolean hadNoRoom() {
            return overfull && count == 0;
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
