package dev.tidemark.server.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.postgres.DatabaseConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A migrated database of a test class's own, on a real PostgreSQL. After every test {@code tidemark.verify} looks at every topic in it: whatever the
 * test was about, the log's promises hold.
 *
 * <pre>{@code
 * @RegisterExtension
 * static final TestDatabase database = new TestDatabase();
 * }</pre>
 */
public final class TestDatabase implements BeforeAllCallback, AfterEachCallback, AfterAllCallback {
    private final boolean migrated;
    private @Nullable TestPostgres postgres;
    private @Nullable String jdbcUrl;
    private @Nullable Database opened;

    public TestDatabase() {
        this(true);
    }

    private TestDatabase(boolean migrated) {
        this.migrated = migrated;
    }

    /** A database with nothing in it yet. */
    public static TestDatabase empty() {
        return new TestDatabase(false);
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        postgres = TestPostgres.of(context);
        jdbcUrl = migrated ? postgres.createDatabase() : postgres.createEmptyDatabase();
    }

    /** Complete, with user and password. */
    public String jdbcUrl() {
        if (jdbcUrl == null) {
            throw new IllegalStateException("register the database in a static field");
        }
        return jdbcUrl;
    }

    public DatabaseConfig config() {
        return DatabaseConfig.of(jdbcUrl());
    }

    /** A pool, opened at the first call and closed after the class. */
    public Database database() {
        if (opened == null) {
            opened = open();
        }
        return opened;
    }

    /** Another pool, as another server would have; the caller closes it. */
    public Database open() {
        return Database.open(config(), new SimpleMeterRegistry(), Duration.ofSeconds(10));
    }

    /** A connection outside every pool; the caller closes it. */
    public Connection connect() throws SQLException {
        return DriverManager.getConnection(jdbcUrl());
    }

    /** The first column of a query's one row, as text. */
    public String string(String query) throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            row.next();
            return row.getString(1);
        }
    }

    @Override
    public void afterEach(ExtensionContext context) throws SQLException {
        assertThat(brokenPromises()).as("what tidemark.verify says").isEmpty();
    }

    /** What {@code tidemark.verify} has to say about every topic: empty when all is well. */
    public List<String> brokenPromises() throws SQLException {
        List<String> broken = new ArrayList<>();
        try (Connection connection = connect()) {
            for (String topic : topics(connection)) {
                verify(connection, topic, broken);
            }
        }
        return broken;
    }

    private static List<String> topics(Connection connection) throws SQLException {
        List<String> topics = new ArrayList<>();
        try (Statement statement = connection.createStatement()) {
            ResultSet migrated = statement.executeQuery("select to_regclass('tidemark_internal.topic') is not null");
            migrated.next();
            if (!migrated.getBoolean(1)) {
                return topics;
            }
            ResultSet names =
                    statement.executeQuery("select name from tidemark_internal.topic where deleted_at is null");
            while (names.next()) {
                topics.add(names.getString(1));
            }
        }
        return topics;
    }

    private static void verify(Connection connection, String topic, List<String> broken) throws SQLException {
        try (PreparedStatement verify = connection.prepareStatement("select v::text from tidemark.verify(?) v")) {
            verify.setString(1, topic);
            ResultSet rows = verify.executeQuery();
            while (rows.next()) {
                broken.add(topic + ": " + rows.getString(1));
            }
        }
    }

    @Override
    public void afterAll(ExtensionContext context) {
        if (opened != null) {
            opened.close();
        }
        if (postgres != null && jdbcUrl != null) {
            postgres.dropDatabase(jdbcUrl);
        }
    }
}
