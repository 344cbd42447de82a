package dev.tidemark.server.postgres;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;

/** Whether there is a PostgreSQL, and whether Tidemark can live in it. */
final class DatabaseProbe {
    /** The first with everything we use that was tried. */
    private static final int OLDEST_VERSION = 150000;

    private static final Duration PAUSE = Duration.ofMillis(100);

    /** Not there yet: cannot_connect_now (starting, recovering), too_many_connections. */
    private static final Set<String> STARTING = Set.of("57P03", "53300");

    private DatabaseProbe() {}

    static void await(DatabaseConfig config, Properties properties, Duration patience) {
        long deadline = System.nanoTime() + patience.toNanos();
        while (true) {
            try (Connection connection = DriverManager.getConnection(config.jdbcUrl(), properties)) {
                check(config, connection);
                return;
            } catch (SQLException refused) {
                if (!mayPass(refused) || System.nanoTime() - deadline >= 0 || Thread.interrupted()) {
                    throw new StartException(
                            "cannot use PostgreSQL at " + config.location() + ": " + firstLine(refused), refused);
                }
                LockSupport.parkNanos(PAUSE.toNanos());
            }
        }
    }

    private static boolean mayPass(SQLException refused) {
        String state = refused.getSQLState();
        // Class 08: nobody listens, the connection broke, no such host (yet).
        return state != null && (state.startsWith("08") || STARTING.contains(state));
    }

    private static void check(DatabaseConfig config, Connection connection) throws SQLException {
        String query = "select current_setting('server_version_num')::int, current_setting('server_version'),"
                + " current_setting('server_encoding'), pg_is_in_recovery()";
        try (Statement statement = connection.createStatement();
                ResultSet answer = statement.executeQuery(query)) {
            answer.next();
            if (answer.getInt(1) < OLDEST_VERSION) {
                throw unfit(config, "is version " + answer.getString(2) + ", and Tidemark needs 15 or later");
            }
            if (!answer.getString(3).equals("UTF8")) {
                throw unfit(config, "has the encoding " + answer.getString(3) + ", and Tidemark needs UTF8");
            }
            if (answer.getBoolean(4)) {
                throw unfit(config, "is a standby, and Tidemark needs the primary");
            }
        }
    }

    private static StartException unfit(DatabaseConfig config, String why) {
        return new StartException("the database at " + config.location() + " " + why);
    }

    static String firstLine(Throwable failure) {
        String message = failure.getMessage();
        return message == null
                ? failure.getClass().getSimpleName()
                : message.lines().findFirst().orElse("");
    }
}
