package dev.tidemark.benchmarks.system;

import dev.tidemark.benchmarks.measure.ProcessTable;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.Map;

/** The PostgreSQL under a server: its postmaster's process, its WAL position, its settings. One connection; not thread-safe. */
public final class PostgresProbe implements AutoCloseable {
    private static final String SETTINGS = """
            select name, current_setting(name) from pg_settings
            where name in ('server_version', 'fsync', 'synchronous_commit', 'full_page_writes', 'wal_compression', 'shared_buffers', 'max_wal_size',
                           'checkpoint_timeout', 'data_checksums', 'wal_level')
            order by name
            """;

    private final Connection connection;
    private final long postmaster;

    private PostgresProbe(Connection connection, long postmaster) {
        this.connection = connection;
        this.postmaster = postmaster;
    }

    public static PostgresProbe connect(String jdbcUrl) throws SQLException {
        Connection connection = DriverManager.getConnection(jdbcUrl);
        PostgresProbe probe = new PostgresProbe(connection, -1);
        long backend = (long) probe.number("select pg_backend_pid()");
        return new PostgresProbe(connection, ProcessTable.read().parentOf(backend));
    }

    /** @return its process id, or -1 when it is not on this machine */
    long postmaster() {
        return postmaster;
    }

    double walBytes() throws SQLException {
        return number("select pg_current_wal_lsn() - '0/0'::pg_lsn");
    }

    /** The settings that decide what a commit and a page cost. */
    public Map<String, String> settings() throws SQLException {
        Map<String, String> settings = new LinkedHashMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(SETTINGS)) {
            while (result.next()) {
                settings.put(result.getString(1), result.getString(2));
            }
        }
        return settings;
    }

    private double number(String query) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(query)) {
            result.next();
            return result.getDouble(1);
        }
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
