package dev.tidemark.server.postgres;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Looks whether the database answers, on a thread of its own: however many ask, and however long the pool waits for a connection, one look is
 * under way at most and everybody gets an answer in time. Thread-safe.
 */
public final class DatabaseHealth implements AutoCloseable {
    private static final int ANSWER_WITHIN_MS = 2_000;
    private static final String SILENT = "the database does not answer";

    private final Database database;
    private final ExecutorService thread = Executors.newSingleThreadExecutor(DatabaseHealth::thread);
    private CompletableFuture<Optional<String>> look = CompletableFuture.completedFuture(Optional.empty());

    public DatabaseHealth(Database database) {
        this.database = database;
    }

    private static Thread thread(Runnable work) {
        Thread thread = new Thread(work, "database-health");
        thread.setDaemon(true);
        return thread;
    }

    /** What is in the way, or null when nothing is; after {@code bound} at the latest. */
    public @Nullable String obstacle(Duration bound) {
        try {
            return currentLook().get(bound.toMillis(), TimeUnit.MILLISECONDS).orElse(null);
        } catch (TimeoutException silent) {
            return SILENT;
        } catch (ExecutionException unforeseen) {
            return "the database cannot be asked: " + unforeseen.getCause();
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            return "the server stops";
        }
    }

    private synchronized CompletableFuture<Optional<String>> currentLook() {
        if (look.isDone()) {
            look = CompletableFuture.supplyAsync(this::look, thread);
        }
        return look;
    }

    private Optional<String> look() {
        try (Connection connection = database.connection()) {
            // Not isValid, which keeps to itself that the session has ended: the pool would hand it out again.
            connection.setNetworkTimeout(Runnable::run, ANSWER_WITHIN_MS);
            return isStandby(connection) ? Optional.of("the database is a standby") : Optional.empty();
        } catch (SQLException failure) {
            return Optional.of("the database cannot be used (SQLSTATE " + SqlStates.state(failure) + ")");
        }
    }

    private static boolean isStandby(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet answer = statement.executeQuery("select pg_is_in_recovery()")) {
            answer.next();
            return answer.getBoolean(1);
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
