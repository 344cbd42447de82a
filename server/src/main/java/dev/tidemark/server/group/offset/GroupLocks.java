package dev.tidemark.server.group.offset;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.postgres.SqlStates;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jooq.exception.DataAccessException;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** Calls functions that need a group's locks, and says what their refusals mean. */
final class GroupLocks {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private GroupLocks() {}

    /**
     * Commits of this or another server hold their locks for moments, so it is tried again for a second; an application's own database transaction holds them for
     * as long as it likes.
     *
     * @throws ApiException what the function says, by its SQLSTATE; BROKER_NOT_AVAILABLE when the locks are not to be had
     */
    static <T extends @Nullable Object> T patiently(Supplier<T> call) {
        long startNanos = System.nanoTime();
        while (true) {
            try {
                return call.get();
            } catch (DataAccessException e) {
                SQLException cause = SqlStates.sqlException(e);
                if (cause == null) {
                    throw e;
                }
                boolean isLocked = SqlStates.LOCK_NOT_AVAILABLE.equals(SqlStates.state(cause));
                if (!isLocked || System.nanoTime() - startNanos > PATIENCE_NANOS || Thread.interrupted()) {
                    throw refusal(e, cause);
                }
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }

    private static RuntimeException refusal(DataAccessException failure, SQLException cause) {
        if (SqlStates.LOCK_NOT_AVAILABLE.equals(SqlStates.state(cause))) {
            return new ApiException(ErrorCode.BROKER_NOT_AVAILABLE, message(cause) + "; try again later", failure);
        }
        ApiException refusal = SqlStates.refusal(cause);
        return refusal == null ? failure : refusal;
    }

    private static String message(SQLException e) {
        ServerErrorMessage message = e instanceof PSQLException postgres ? postgres.getServerErrorMessage() : null;
        return message == null ? String.valueOf(e.getMessage()) : String.valueOf(message.getMessage());
    }
}
