package dev.tidemark.server.log.append;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.postgres.SqlStates;
import dev.tidemark.server.postgres.StandbyWaits;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** What would take place with an append, where there is nothing to append. */
final class CompanionTransaction {
    /** As for an append: no weaker than asked for, and for no lock longer than that. */
    private static final String SETTINGS = "select set_config('lock_timeout', ?, true), "
            + "set_config('synchronous_commit', case when ? <> 'all' then ?"
            + " when current_setting('synchronous_commit') in ('on', 'remote_apply') then current_setting('synchronous_commit')"
            + " else 'on' end, true)";

    private final Database database;
    private final long lockTimeoutMs;
    private final StandbyWaits waits;

    CompanionTransaction(Database database, long lockTimeoutMs) {
        this.database = database;
        this.lockTimeoutMs = lockTimeoutMs;
        this.waits = new StandbyWaits(database);
    }

    /**
     * Does it in a database transaction of its own, and returns when it is committed.
     *
     * @throws ApiException its own; BROKER_NOT_AVAILABLE when it did not take place, REQUEST_TIMED_OUT when that is not known
     */
    void run(Companion companion, Acks acks) {
        if (acks == Acks.ALL) {
            waits.requireNone();
        }
        try (Connection connection = database.connection()) {
            connection.setAutoCommit(false);
            try {
                set(connection, acks);
                run(companion, connection);
            } catch (SQLException | RuntimeException e) {
                rollback(connection, e);
                throw e;
            }
            commit(connection, acks);
        } catch (SQLException e) {
            throw SqlStates.isUnavailable(e)
                    ? SqlStates.unavailable(e)
                    : new ApiException(
                            ErrorCode.UNKNOWN_SERVER_ERROR,
                            "PostgreSQL refused it (SQLSTATE " + SqlStates.state(e) + ")",
                            e);
        }
    }

    /** A refusal by SQL of ours is the error it names, not a trouble of the database. */
    static void run(Companion companion, Connection connection) throws SQLException {
        try {
            companion.inTransaction(connection);
        } catch (SQLException e) {
            ApiException refusal = SqlStates.refusal(e);
            if (refusal != null) {
                throw refusal;
            }
            throw e;
        }
    }

    private void set(Connection connection, Acks acks) throws SQLException {
        String level = Reservation.commitLevel(acks);
        try (PreparedStatement settings = connection.prepareStatement(SETTINGS)) {
            settings.setString(1, Long.toString(lockTimeoutMs));
            settings.setString(2, level);
            settings.setString(3, level);
            settings.executeQuery().close();
        }
    }

    private void commit(Connection connection, Acks acks) {
        try {
            connection.commit();
            if (acks == Acks.ALL && SqlStates.isReplicationWaitCut(connection.getWarnings())) {
                throw unknown("the wait for the synchronous standby was cut short", null);
            }
        } catch (SQLException e) {
            waits.unanswered();
            throw unknown("COMMIT was not answered", e);
        }
    }

    private static ApiException unknown(String why, @Nullable SQLException cause) {
        String detail = why + "; whether it took place is not known";
        return cause == null
                ? new ApiException(ErrorCode.REQUEST_TIMED_OUT, detail)
                : new ApiException(ErrorCode.REQUEST_TIMED_OUT, detail, cause);
    }

    private static void rollback(Connection connection, Exception failure) {
        try {
            connection.rollback();
        } catch (SQLException e) {
            failure.addSuppressed(e);
        }
    }
}
