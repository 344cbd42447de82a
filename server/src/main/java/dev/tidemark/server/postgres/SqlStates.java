package dev.tidemark.server.postgres;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.sql.SQLWarning;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.PSQLWarning;
import org.postgresql.util.ServerErrorMessage;

/** The SQLSTATEs we tell apart. Source: PostgreSQL documentation, appendix A. */
public final class SqlStates {
    public static final String DUPLICATE_TABLE = "42P07";
    public static final String UNDEFINED_TABLE = "42P01";
    public static final String LOCK_NOT_AVAILABLE = "55P03";
    public static final String OBJECT_NOT_IN_PREREQUISITE_STATE = "55000";
    public static final String QUERY_CANCELED = "57014";

    public static final String CHECK_VIOLATION = "23514";

    /** Written to on a standby. */
    public static final String READ_ONLY = "25006";
    /** Ours: what the caller knows of the log is of another leader epoch or another run of PostgreSQL. */
    public static final String UNKNOWN_LEADER_EPOCH = "TM075";

    /** The sessions that time out by themselves, in a transaction or out of it, and so do not say whether it was committed. */
    private static final Set<String> SESSION_TIMEOUTS = Set.of("25P03", "25P04");

    /** PostgreSQL's routine that waits for a synchronous standby. */
    private static final String SYNCHRONOUS_WAIT = "SyncRepWaitForLSN";

    private SqlStates() {}

    /** The first SQL exception among an exception and its causes, or null. */
    public static @Nullable SQLException sqlException(Throwable failure) {
        Throwable cause = failure;
        while (cause != null && !(cause instanceof SQLException)) {
            cause = cause.getCause();
        }
        return (SQLException) cause;
    }

    /** Whether the data itself was refused: class 22, data exception, or 23, integrity constraint violation. */
    public static boolean isDataException(SQLException e) {
        return state(e).startsWith("22") || state(e).startsWith("23");
    }

    /**
     * Whether the database, not the statement, is the trouble: no connection (class 08), out of resources (53), being stopped (57), a standby, or a
     * lock that was not had in time. Without a state it is the pool's own, of a connection that was closed under us.
     */
    public static boolean isUnavailable(SQLException e) {
        String state = state(e);
        return e instanceof SQLTransientConnectionException
                || state.isEmpty()
                || isConnectionLost(e)
                || state.startsWith("53")
                || state.startsWith("57")
                || state.equals(READ_ONLY)
                || SESSION_TIMEOUTS.contains(state)
                || state.equals(LOCK_NOT_AVAILABLE);
    }

    /**
     * Whether the session ended under the statement: its process was ended, its connection cut, or the pool found it so. Another session may well serve;
     * that there was none to be had is another matter.
     */
    public static boolean isSessionLost(SQLException e) {
        String state = state(e);
        return !(e instanceof SQLTransientConnectionException)
                && (state.isEmpty()
                        || isConnectionLost(e)
                        || state.startsWith("57P")
                        || SESSION_TIMEOUTS.contains(state));
    }

    /** Whether there was no connection, or is none any more: class 08. */
    public static boolean isConnectionLost(SQLException e) {
        return state(e).startsWith("08");
    }

    /**
     * Whether PostgreSQL itself said that the statement failed; otherwise the session ended and nobody knows. Told by SQLSTATE, because severities are in
     * the server's language.
     */
    public static boolean isAnswered(SQLException e) {
        ServerErrorMessage answer = e instanceof PSQLException postgres ? postgres.getServerErrorMessage() : null;
        String state = state(e);
        return answer != null
                && !state.startsWith("57P")
                && !isConnectionLost(e)
                && !SESSION_TIMEOUTS.contains(state)
                && !Set.of("FATAL", "PANIC").contains(String.valueOf(answer.getSeverity()));
    }

    /**
     * Whether a commit's wait for its synchronous standby was cut short: it is committed here, and maybe nowhere else. PostgreSQL only warns of it; told by
     * the name of the routine that does, because messages are in the server's language.
     */
    public static boolean isReplicationWaitCut(@Nullable SQLWarning warnings) {
        for (SQLWarning warning = warnings; warning != null; warning = warning.getNextWarning()) {
            ServerErrorMessage message =
                    warning instanceof PSQLWarning postgres ? postgres.getServerErrorMessage() : null;
            if (message != null && SYNCHRONOUS_WAIT.equals(message.getRoutine())) {
                return true;
            }
        }
        return false;
    }

    public static String state(SQLException e) {
        return e.getSQLState() == null ? "" : e.getSQLState();
    }

    /** What a function of ours has refused with a SQLSTATE of ours (TM and Kafka's error code), in its words; null for any other failure. */
    public static @Nullable ApiException refusal(SQLException e) {
        ErrorCode error = ErrorCode.bySqlState(state(e)).orElse(null);
        if (error == null) {
            return null;
        }
        ServerErrorMessage message = e instanceof PSQLException postgres ? postgres.getServerErrorMessage() : null;
        String detail = message == null ? null : message.getMessage();
        return new ApiException(error, detail == null ? error.title() : detail, e);
    }

    /** What a caller is told when the database is the trouble. */
    public static ApiException unavailable(SQLException e) {
        return new ApiException(
                ErrorCode.BROKER_NOT_AVAILABLE, "the database cannot serve this now (SQLSTATE " + state(e) + ")", e);
    }
}
