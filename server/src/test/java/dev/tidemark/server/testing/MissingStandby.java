package dev.tidemark.server.testing;

import static org.awaitility.Awaitility.await;

import dev.tidemark.embedded.EmbeddedPostgres;
import dev.tidemark.server.postgres.DatabaseConfig;
import dev.tidemark.server.postgres.Migrator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;

/** A PostgreSQL of the test's own, migrated, that can be made to wait for a synchronous standby which is not there. */
public final class MissingStandby implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(10);

    private final EmbeddedPostgres postgres;

    private MissingStandby(EmbeddedPostgres postgres) {
        this.postgres = postgres;
    }

    public static MissingStandby start(Path temporary) throws IOException {
        // PostgreSQL may run as another user, who must get through.
        Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwx--x--x"));
        EmbeddedPostgres postgres =
                EmbeddedPostgres.start(temporary.resolve("postgres"), Duration.ofSeconds(10), () -> {});
        new Migrator(DatabaseConfig.of(postgres.jdbcUrl())).migrate();
        return new MissingStandby(postgres);
    }

    public String jdbcUrl() {
        return postgres.jdbcUrl();
    }

    /** @param name empty: commits wait for nobody from then on, and those that wait are let go */
    public void waitFor(String name) throws SQLException {
        try (Connection connection = superuser();
                Statement statement = connection.createStatement()) {
            statement.execute("set synchronous_commit = local");
            statement.execute("alter system set synchronous_standby_names = '" + name + "'");
            statement.execute("select pg_reload_conf()");
        }
        await().until(() -> ask("show synchronous_standby_names").equals(name));
    }

    private Connection superuser() throws SQLException {
        return DriverManager.getConnection(postgres.jdbcUrl().replaceFirst("user=[^&]+", "user=postgres"));
    }

    public String ask(String sql) throws SQLException {
        try (Connection connection = superuser();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            return row.next() ? row.getString(1) : "";
        }
    }

    /** Sessions, of whatever kind, that wait for the standby. */
    public int waiting() throws SQLException {
        return Integer.parseInt(ask("select count(*) from pg_stat_activity where wait_event = 'SyncRep'"));
    }

    public void awaitWaiting() {
        await().pollInterval(POLL).until(() -> waiting() > 0);
    }

    /** Returns when the wait of a commit for its standby has been cancelled. */
    public void cancelWait() {
        awaitWaiting();
        await().until(() ->
                ask("select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep' and application_name = 'tidemark-server'")
                        .equals("t"));
    }

    @Override
    public void close() {
        postgres.close();
    }
}
