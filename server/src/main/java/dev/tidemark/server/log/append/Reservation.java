package dev.tidemark.server.log.append;

import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.server.log.epoch.LeaderEpoch;
import dev.tidemark.server.postgres.SchemaNames;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/** The call of {@code reserve}: partitions' locks, log ends, producer checks and batch rows, in one round trip. */
final class Reservation {
    static final String COLUMNS = "outcome, base_offset, leaf, segment_base, segment_bound, append_time_ms";

    private final String call;
    private final long lockTimeoutMs;

    Reservation(SchemaNames schemas, long lockTimeoutMs) {
        this.call = schemas.internal() + ".reserve(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        this.lockTimeoutMs = lockTimeoutMs;
    }

    long lockTimeoutMs() {
        return lockTimeoutMs;
    }

    /**
     * One database transaction's try.
     *
     * @param appendId nobody else's: it tells what the try has written
     * @param acks the strongest asked for
     * @param begunNanos when, as {@link System#nanoTime} has it
     */
    record Attempt(UUID appendId, LeaderEpoch epoch, Acks acks, long begunNanos) {
        static Attempt of(LeaderEpoch epoch, Acks acks) {
            return new Attempt(UUID.randomUUID(), epoch, acks, System.nanoTime());
        }

        Duration age() {
            return Duration.ofNanos(System.nanoTime() - begunNanos);
        }
    }

    /** A batch on its way, with the group it belongs to. */
    record Candidate(AppendGroup group, CheckedBatch batch) {}

    enum Outcome {
        APPENDED,
        DUPLICATE,
        GAP,
        FENCED,
        NO_SEGMENT,
        WITHDRAWN
    }

    /**
     * What became of a batch.
     *
     * @param baseOffset the batch's first offset; with NO_SEGMENT, where the missing segment starts; else -1
     * @param leaf the table the records go into; null when they go through the topic's parent
     */
    record Place(
            Candidate candidate,
            Outcome outcome,
            long baseOffset,
            @Nullable String leaf,
            long segmentBase,
            long segmentBound,
            long appendTimeMs) {
        CheckedBatch batch() {
            return candidate.batch();
        }
    }

    /**
     * Reserves offsets within the connection's database transaction.
     *
     * @param candidates ordered by partition id, then producer id, then base sequence
     * @throws SQLException UNKNOWN_LEADER_EPOCH when the attempt's epoch is not the current one
     */
    List<Place> reserve(Connection connection, List<Candidate> candidates, Attempt attempt) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("select " + COLUMNS + " from " + call)) {
            bind(statement, candidates, attempt);
            try (ResultSet rows = statement.executeQuery()) {
                return places(candidates, rows);
            }
        }
    }

    /** The function's call, for a statement that does more with what it returns. */
    String call() {
        return call;
    }

    /**
     * Sets the call's parameters, which are the statement's first.
     *
     * @return the index of the parameter after them
     */
    int bind(PreparedStatement statement, List<Candidate> candidates, Attempt attempt) throws SQLException {
        Connection connection = statement.getConnection();
        Columns columns = new Columns(candidates);
        PGConnection postgres = connection.unwrap(PGConnection.class);
        int i = 1;
        for (Object column : columns.primitives()) {
            statement.setArray(i++, postgres.createArrayOf(typeOf(column), column));
        }
        statement.setArray(i++, array(connection, "int8", columns.minTimestamps));
        statement.setArray(i++, array(connection, "int8", columns.maxTimestamps));
        statement.setArray(i++, array(connection, "int8", columns.producerIds));
        statement.setArray(i++, array(connection, "int2", columns.producerEpochs));
        statement.setArray(i++, array(connection, "int4", columns.baseSequences));
        statement.setArray(i++, array(connection, "text", columns.principals));
        statement.setObject(i++, attempt.appendId());
        statement.setInt(i++, attempt.epoch().number());
        statement.setObject(i++, attempt.epoch().runId());
        statement.setString(i++, Long.toString(lockTimeoutMs));
        statement.setString(i++, commitLevel(attempt.acks()));
        return i;
    }

    static List<Place> places(List<Candidate> candidates, ResultSet rows) throws SQLException {
        List<Place> places = new ArrayList<>(candidates.size());
        while (rows.next()) {
            Outcome outcome = outcome(rows.getString(1));
            long baseOffset = rows.getLong(2);
            places.add(new Place(
                    candidates.get(places.size()),
                    outcome,
                    rows.wasNull() ? -1 : baseOffset,
                    rows.getString(3),
                    rows.getLong(4),
                    rows.getLong(5),
                    rows.getLong(6)));
        }
        if (places.size() != candidates.size()) {
            throw new IllegalStateException(
                    candidates.size() + " batches were reserved, " + places.size() + " answered");
        }
        return places;
    }

    private static Outcome outcome(String name) {
        return Outcome.valueOf(name.toUpperCase(java.util.Locale.ROOT));
    }

    private static Array array(Connection connection, String type, @Nullable Object[] elements) throws SQLException {
        return connection.createArrayOf(type, elements);
    }

    private static String typeOf(Object array) {
        return array instanceof long[] ? "int8" : "int4";
    }

    static String commitLevel(Acks acks) {
        return switch (acks) {
            case ALL -> "all";
            case LEADER -> "local";
            case NONE -> "off";
        };
    }

    /** The arguments, one array a column. */
    private static final class Columns {
        private static final int PAGE_BYTES = 8192;

        private final int[] partitionIds;
        private final int[] groups;
        private final int[] recordCounts;
        private final long[] bytes;
        private final int[] blockOffsets;
        private final @Nullable Long[] minTimestamps;
        private final @Nullable Long[] maxTimestamps;
        private final @Nullable Long[] producerIds;
        private final @Nullable Short[] producerEpochs;
        private final @Nullable Integer[] baseSequences;
        private final @Nullable String[] principals;

        Columns(List<Candidate> candidates) {
            int n = candidates.size();
            partitionIds = new int[n];
            groups = new int[n];
            recordCounts = new int[n];
            bytes = new long[n];
            blockOffsets = new int[n];
            minTimestamps = new Long[n];
            maxTimestamps = new Long[n];
            producerIds = new Long[n];
            producerEpochs = new Short[n];
            baseSequences = new Integer[n];
            principals = new String[n];
            fill(candidates);
        }

        List<Object> primitives() {
            return List.of(partitionIds, groups, recordCounts, bytes, blockOffsets);
        }

        private void fill(List<Candidate> candidates) {
            List<AppendGroup> seen = new ArrayList<>();
            long leastBytesBefore = 0;
            for (int i = 0; i < candidates.size(); i++) {
                Candidate candidate = candidates.get(i);
                CheckedBatch batch = candidate.batch();
                ProduceFrame.Batch frame = batch.frame();
                int group = candidate.group().batches().size() == 1 ? -1 : seen.indexOf(candidate.group());
                if (group < 0) {
                    group = seen.size();
                    seen.add(candidate.group());
                }
                if (i > 0 && partitionIds[i - 1] != batch.partitionId()) {
                    leastBytesBefore = 0;
                }
                partitionIds[i] = batch.partitionId();
                groups[i] = group;
                recordCounts[i] = batch.recordCount();
                bytes[i] = batch.storedBytes();
                // Rows do not cross pages, so the batches before fill at least that many.
                blockOffsets[i] = (int) (leastBytesBefore / PAGE_BYTES);
                leastBytesBefore += batch.leastStoredBytes();
                minTimestamps[i] = batch.minTimestampMs();
                maxTimestamps[i] = batch.maxTimestampMs();
                if (batch.isIdempotent()) {
                    producerIds[i] = frame.producerId();
                    producerEpochs[i] = frame.producerEpoch();
                    baseSequences[i] = frame.baseSequence();
                }
                principals[i] = batch.principal();
            }
        }
    }
}
