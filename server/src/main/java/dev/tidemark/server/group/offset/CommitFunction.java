package dev.tidemark.server.group.offset;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.OffsetToCommit;
import dev.tidemark.server.group.GroupLimits;
import dev.tidemark.server.postgres.SchemaNames;
import dev.tidemark.server.postgres.SqlStates;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** Commits offsets in a database transaction of somebody else's, by {@code commit_group_offsets}, which takes the group's locks and refuses with SQLSTATEs of ours. */
final class CommitFunction {
    /** The detail of an error of an offset that no record has yet. */
    private static final Pattern RANGE = Pattern.compile("log_start_offset (\\d+), log_end_offset (\\d+)");

    private final GroupLimits limits;
    private final String call;

    CommitFunction(SchemaNames schemas, GroupLimits limits) {
        this.limits = limits;
        this.call = "select " + GroupLimits.TELL + ", " + schemas.internal()
                + ".commit_group_offsets(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    }

    /** @throws OffsetAboveLogEndException of an offset that no record has yet; every other refusal is an SQLException */
    void commit(Connection connection, OffsetCommit commit) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(call)) {
            statement.setString(1, limits.told());
            statement.setString(2, commit.group());
            statement.setString(3, commit.memberId());
            statement.setObject(4, commit.generationId(), Types.INTEGER);
            setArray(statement, 5, "text", commit, OffsetToCommit::topic);
            setArray(statement, 6, "int4", commit, OffsetToCommit::partition);
            setArray(statement, 7, "int8", commit, OffsetToCommit::committedOffset);
            setArray(statement, 8, "int4", commit, OffsetToCommit::leaderEpoch);
            setArray(statement, 9, "text", commit, OffsetToCommit::metadata);
            statement.setString(10, commit.principal());
            statement.setObject(11, commit.commitNumber(), Types.BIGINT);
            statement.executeQuery().close();
        } catch (PSQLException e) {
            ServerErrorMessage message = e.getServerErrorMessage();
            if (message != null && SqlStates.state(e).equals(ErrorCode.OFFSET_OUT_OF_RANGE.sqlState())) {
                throw aboveLogEnd(e, message);
            }
            throw e;
        }
    }

    private static OffsetAboveLogEndException aboveLogEnd(PSQLException e, ServerErrorMessage message)
            throws SQLException {
        Matcher range = RANGE.matcher(String.valueOf(message.getDetail()));
        if (!range.matches()) {
            throw e;
        }
        return new OffsetAboveLogEndException(
                String.valueOf(message.getMessage()), Long.parseLong(range.group(1)), Long.parseLong(range.group(2)));
    }

    private static void setArray(
            PreparedStatement statement,
            int index,
            String type,
            OffsetCommit commit,
            Function<OffsetToCommit, @Nullable Object> element)
            throws SQLException {
        Object[] elements = commit.offsets().stream().map(element).toArray();
        statement.setArray(index, statement.getConnection().createArrayOf(type, elements));
    }
}
