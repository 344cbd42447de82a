package dev.tidemark.server.postgres;

import dev.tidemark.server.postgres.check.ConnectionRoom;
import dev.tidemark.server.postgres.check.Finding;
import dev.tidemark.server.postgres.check.Instance;
import dev.tidemark.server.postgres.check.Pooler;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Whether there is a PostgreSQL, and whether Tidemark can live in it. */
final class DatabaseProbe {
    private static final Logger LOG = LoggerFactory.getLogger(DatabaseProbe.class);
    private static final Duration PAUSE = Duration.ofMillis(100);

    /** Not there yet: cannot_connect_now (starting, recovering), too_many_connections. */
    private static final Set<String> STARTING = Set.of("57P03", "53300");

    /** What pgbouncer says to settings it cannot have: waiting does not help. */
    private static final String PROTOCOL_VIOLATION = "08P01";

    private final DatabaseConfig config;
    private final int connections;
    private final Properties properties;

    /** @param connections that will be opened */
    DatabaseProbe(DatabaseConfig config, int connections, Properties properties) {
        this.config = config;
        this.connections = connections;
        this.properties = properties;
    }

    /**
     * What was found.
     *
     * @param pooled whether there is a pooler between
     */
    record Found(Instance instance, boolean pooled) {}

    /** Waits until it can be used, at most for that long; logs a line for what is worth one. */
    Found await(Duration patience) {
        long deadline = System.nanoTime() + patience.toNanos();
        while (true) {
            boolean last = System.nanoTime() - deadline >= 0 || Thread.interrupted();
            try (Connection connection = DriverManager.getConnection(config.jdbcUrl(), properties)) {
                // As one database transaction, which a pooler that has none refuses.
                connection.setAutoCommit(false);
                Found found = check(connection, last);
                connection.rollback();
                if (found != null) {
                    return found;
                }
            } catch (SQLException refused) {
                if (last || !mayPass(refused)) {
                    throw new StartException(
                            "cannot use PostgreSQL at " + config.location() + ": " + firstLine(refused) + hint(refused),
                            refused);
                }
            }
            LockSupport.parkNanos(PAUSE.toNanos());
        }
    }

    private static boolean mayPass(SQLException refused) {
        String state = refused.getSQLState();
        // Class 08: nobody listens, the connection broke, no such host (yet).
        return state != null
                && (state.startsWith("08") && !state.equals(PROTOCOL_VIOLATION) || STARTING.contains(state));
    }

    private static String hint(SQLException refused) {
        return firstLine(refused).contains("extra_float_digits")
                ? " (set ignore_startup_parameters = extra_float_digits in pgbouncer.ini)"
                : "";
    }

    /** Null when it has too few connections left, which may pass: a server that stops gives its own back. */
    private @Nullable Found check(Connection connection, boolean last) throws SQLException {
        Instance instance = Instance.read(connection);
        refuse(instance.findings());
        Pooler pooler = Pooler.read(connection, config.prepareThreshold());
        // Behind a pooler it is the pooler that opens connections, and has limits of its own.
        Optional<Finding> shortage = pooler.between()
                ? Optional.empty()
                : ConnectionRoom.read(connection).shortage(connections);
        if (shortage.isPresent() && !last) {
            return null;
        }
        refuse(shortage.stream().toList());
        warn(instance.findings());
        warn(pooler.findings());
        return new Found(instance, pooler.between());
    }

    private void refuse(List<Finding> findings) {
        findings.stream().filter(Finding::refusal).findFirst().ifPresent(refusal -> {
            throw new StartException("the database at " + config.location() + " " + refusal.line());
        });
    }

    private void warn(List<Finding> findings) {
        findings.forEach(finding -> LOG.warn("the database at {} {}", config.location(), finding.line()));
    }

    static String firstLine(Throwable failure) {
        String message = failure.getMessage();
        return message == null
                ? failure.getClass().getSimpleName()
                : message.lines().findFirst().orElse("");
    }
}
