package dev.tidemark.server.group.offset;

import dev.tidemark.protocol.api.OffsetToCommit;
import dev.tidemark.server.group.GroupLimits;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.postgres.SqlStates;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Commits the offsets of many requests with one statement, which commits itself: the SQL function {@code record_offset_commits}. */
final class CommitTransaction {
    static final String COMMITTED = "committed";
    static final String BUSY = "busy";
    static final String MISSING = "missing";

    /** How long others wait while rows are made for one, of those that are committed together. */
    private static final String MAKE_LOCK_TIMEOUT = "100ms";

    /** As good as not at all: 0 is for ever. */
    private static final String NO_LOCK_TIMEOUT = "1ms";

    private final Database database;
    private final GroupLimits limits;
    private final String record;
    private final String make;

    CommitTransaction(Database database, GroupLimits limits) {
        this.database = database;
        this.limits = limits;
        String internal = database.schemas().internal();
        this.record = "select outcome, message, log_start_offset, log_end_offset from " + internal
                + ".record_offset_commits(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, null, false)";
        // Durable here is enough: the commit that needs the rows waits for the standby, and so for them.
        this.make = "select set_config('synchronous_commit', 'local', true), " + GroupLimits.TELL + ", " + internal
                + ".make_group_partitions(?, ?, ?, ?)";
    }

    /** What became of one request. @param outcome {@link #COMMITTED}, {@link #BUSY}, {@link #MISSING}, or the SQLSTATE of a refusal */
    record Outcome(String outcome, @Nullable String message, long logStartOffset, long logEndOffset) {}

    /** @param isReplicationWaitCut whether nobody knows that it has reached the standbys it was to reach */
    record Done(List<Outcome> outcomes, boolean isReplicationWaitCut) {}

    /** The statement was sent, and its answer is not known. */
    static final class OutcomeUnknownException extends Exception {
        private static final long serialVersionUID = 1L;

        OutcomeUnknownException(SQLException cause) {
            super(cause);
        }
    }

    /** @throws SQLException nothing was committed */
    Done commit(List<PendingCommit> commits) throws SQLException, OutcomeUnknownException {
        try (Connection connection = database.connection();
                PreparedStatement statement = connection.prepareStatement(record)) {
            bind(connection, statement, commits);
            return execute(statement);
        }
    }

    private static Done execute(PreparedStatement statement) throws SQLException, OutcomeUnknownException {
        try (ResultSet rows = statement.executeQuery()) {
            List<Outcome> outcomes = new ArrayList<>();
            while (rows.next()) {
                outcomes.add(new Outcome(rows.getString(1), rows.getString(2), rows.getLong(3), rows.getLong(4)));
            }
            return new Done(outcomes, SqlStates.isReplicationWaitCut(statement.getWarnings()));
        } catch (SQLException e) {
            if (SqlStates.isAnswered(e)) {
                throw e;
            }
            throw new OutcomeUnknownException(e);
        }
    }

    private static void bind(Connection connection, PreparedStatement statement, List<PendingCommit> commits)
            throws SQLException {
        List<Integer> requests = new ArrayList<>();
        List<String> groups = new ArrayList<>();
        List<@Nullable String> members = new ArrayList<>();
        List<@Nullable Integer> generations = new ArrayList<>();
        List<String> principals = new ArrayList<>();
        List<@Nullable Long> numbers = new ArrayList<>();
        List<OffsetToCommit> offsets = new ArrayList<>();
        for (int i = 0; i < commits.size(); i++) {
            OffsetCommit commit = commits.get(i).commit();
            for (OffsetToCommit offset : commit.offsets()) {
                requests.add(i + 1);
                groups.add(commit.group());
                members.add(commit.memberId());
                generations.add(commit.generationId());
                principals.add(commit.principal());
                numbers.add(commit.commitNumber());
                offsets.add(offset);
            }
        }
        statement.setArray(1, connection.createArrayOf("int4", requests.toArray()));
        statement.setArray(2, connection.createArrayOf("text", groups.toArray()));
        statement.setArray(3, connection.createArrayOf("text", members.toArray()));
        statement.setArray(4, connection.createArrayOf("int4", generations.toArray()));
        statement.setArray(5, connection.createArrayOf("text", principals.toArray()));
        statement.setArray(6, connection.createArrayOf("text", topics(offsets)));
        statement.setArray(7, connection.createArrayOf("int4", partitions(offsets)));
        statement.setArray(
                8,
                connection.createArrayOf(
                        "int8",
                        offsets.stream().map(OffsetToCommit::committedOffset).toArray()));
        statement.setArray(
                9,
                connection.createArrayOf(
                        "int4",
                        offsets.stream().map(OffsetToCommit::leaderEpoch).toArray()));
        statement.setArray(
                10,
                connection.createArrayOf(
                        "text", offsets.stream().map(OffsetToCommit::metadata).toArray()));
        statement.setArray(11, connection.createArrayOf("int8", numbers.toArray()));
    }

    /** Makes the group, and its rows of the partitions, for a commit without a member. @param waits whether for who is making the same @throws SQLException 55P03 when an application is making the same, TM089 when there are as many groups as there may be */
    void make(OffsetCommit commit, boolean waits) throws SQLException {
        try (Connection connection = database.connection();
                PreparedStatement statement = connection.prepareStatement(make)) {
            statement.setString(1, limits.told());
            statement.setString(2, commit.group());
            statement.setArray(3, connection.createArrayOf("text", topics(commit.offsets())));
            statement.setArray(4, connection.createArrayOf("int4", partitions(commit.offsets())));
            statement.setString(5, waits ? MAKE_LOCK_TIMEOUT : NO_LOCK_TIMEOUT);
            statement.execute();
        }
    }

    private static Object[] topics(List<OffsetToCommit> offsets) {
        return offsets.stream().map(OffsetToCommit::topic).toArray();
    }

    private static Object[] partitions(List<OffsetToCommit> offsets) {
        return offsets.stream().map(OffsetToCommit::partition).toArray();
    }
}
