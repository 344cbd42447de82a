package dev.tidemark.server.transaction;

import dev.tidemark.server.log.append.Companion;
import dev.tidemark.server.postgres.SchemaNames;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Commits offsets by {@code commit_group_offsets}, which takes the group's locks and refuses with SQLSTATEs of ours. */
final class CommitFunction implements OffsetsInTransaction {
    private final String call;

    CommitFunction(SchemaNames schemas) {
        this.call = "select " + schemas.internal() + ".commit_group_offsets(?, ?, ?, ?, ?, ?, ?, ?, ?)";
    }

    @Override
    public Companion commit(GroupCommit commit, String principal) {
        return connection -> commit(connection, commit, principal);
    }

    private void commit(Connection connection, GroupCommit commit, String principal) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(call)) {
            statement.setString(1, commit.groupId());
            statement.setString(2, commit.memberId());
            statement.setObject(3, commit.generationId(), Types.INTEGER);
            setArray(statement, 4, "text", commit, GroupCommit.Offset::topic);
            setArray(statement, 5, "int4", commit, GroupCommit.Offset::partition);
            setArray(statement, 6, "int8", commit, GroupCommit.Offset::committedOffset);
            setArray(statement, 7, "int4", commit, GroupCommit.Offset::leaderEpoch);
            setArray(statement, 8, "text", commit, GroupCommit.Offset::metadata);
            statement.setString(9, principal);
            statement.executeQuery().close();
        }
    }

    private static void setArray(
            PreparedStatement statement,
            int index,
            String type,
            GroupCommit commit,
            Function<GroupCommit.Offset, @Nullable Object> element)
            throws SQLException {
        Object[] elements = commit.offsets().stream().map(element).toArray();
        statement.setArray(index, statement.getConnection().createArrayOf(type, elements));
    }
}
