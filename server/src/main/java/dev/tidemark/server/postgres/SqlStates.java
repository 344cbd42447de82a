package dev.tidemark.server.postgres;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** The SQLSTATEs we tell apart. Source: PostgreSQL documentation, appendix A. */
public final class SqlStates {
    public static final String DUPLICATE_TABLE = "42P07";
    public static final String UNDEFINED_TABLE = "42P01";
    public static final String LOCK_NOT_AVAILABLE = "55P03";
    public static final String OBJECT_NOT_IN_PREREQUISITE_STATE = "55000";
    public static final String QUERY_CANCELED = "57014";

    public static final String CHECK_VIOLATION = "23514";

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
     * Whether the database, not the statement, is the trouble: no connection (class 08), out of resources (53), being stopped (57), or a lock
     * that was not had in time.
     */
    public static boolean isUnavailable(SQLException e) {
        String state = state(e);
        return e instanceof SQLTransientConnectionException
                || state.startsWith("08")
                || state.startsWith("53")
                || state.startsWith("57")
                || state.equals(LOCK_NOT_AVAILABLE);
    }

    /** Whether PostgreSQL itself said that the statement failed; otherwise the connection broke and nobody knows. */
    public static boolean isAnswered(SQLException e) {
        ServerErrorMessage answer = e instanceof PSQLException postgres ? postgres.getServerErrorMessage() : null;
        return answer != null && !"FATAL".equals(answer.getSeverity());
    }

    public static String state(SQLException e) {
        return e.getSQLState() == null ? "" : e.getSQLState();
    }

    /** What a caller is told when the database is the trouble. */
    public static ApiException unavailable(SQLException e) {
        return new ApiException(
                ErrorCode.BROKER_NOT_AVAILABLE, "the database cannot serve this now (SQLSTATE " + state(e) + ")", e);
    }
}
