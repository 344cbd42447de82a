package dev.tidemark.server.log.append;

import static dev.tidemark.server.log.TestLog.batch;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.log.append.BatchOutcome.Appended;
import dev.tidemark.server.log.append.BatchOutcome.Refused;
import dev.tidemark.server.log.quota.Quotas;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.postgres.DatabaseConfig;
import dev.tidemark.server.postgres.Migrator;
import dev.tidemark.server.testing.TestDatabase;
import dev.tidemark.server.topic.Topic;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/** Servers that stand still with a partition's lock, played by connections that say what a server would and then nothing more. The role is an ordinary one. */
@Timeout(60)
class StalledAppendsTest {
    private static final String ROLE = "plain_" + UUID.randomUUID().toString().substring(0, 8);
    private static final int APPEND_TIMEOUT_MS = 4_000;

    /** What is promised, the append timeout and a second, with room for a busy machine; and less than waiting twice. */
    private static final Duration BOUND = Duration.ofMillis(APPEND_TIMEOUT_MS + 1_000 + 2_000);

    @RegisterExtension
    static final TestDatabase database = TestDatabase.empty();

    private static Database connections;
    private static TestLog log;

    @BeforeAll
    static void start() throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("create role " + ROLE + " login password 'plain'");
            // Some servers want that of who gives something away.
            statement.execute("grant " + ROLE + " to current_user");
            try (ResultSet name = statement.executeQuery("select current_database()")) {
                name.next();
                String owned = name.getString(1);
                statement.execute("alter database " + owned + " owner to " + ROLE);
            }
        }
        DatabaseConfig config = DatabaseConfig.of(url("tidemark-server"));
        new Migrator(config).migrate();
        connections = Database.open(config, new SimpleMeterRegistry(), Duration.ofSeconds(10));
        log = new TestLog(connections, 16 << 20, Quotas.Limits.NONE, APPEND_TIMEOUT_MS);
    }

    @AfterAll
    static void stop() throws SQLException {
        log.close();
        connections.close();
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("reassign owned by " + ROLE + " to current_user");
            statement.execute("drop role " + ROLE);
        }
    }

    private static String url(String applicationName) {
        return database.jdbcUrl().replaceFirst("\\?.*", "") + "?user=" + ROLE + "&password=plain&ApplicationName="
                + applicationName;
    }

    private static double ended() {
        return log.metrics.get("tidemark.append.stalled.ended").counter().count();
    }

    /** As {@code reserve} does, whose text it has. */
    private static Connection holdingLock(String applicationName, Topic topic) throws SQLException {
        Connection connection = DriverManager.getConnection(url(applicationName));
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("select pg_advisory_xact_lock('tidemark_internal.batch'::regclass::oid::int, "
                    + topic.partitionId(0) + ") /* tidemark_internal.reserve(…) */");
        }
        return connection;
    }

    private static void assertIsEnded(Connection connection) {
        assertThat(isAlive(connection)).isFalse();
    }

    private static boolean isAlive(Connection connection) {
        try (Statement statement = connection.createStatement()) {
            statement.execute("select 1");
            return true;
        } catch (SQLException e) {
            return false;
        }
    }

    private static void assertAppendedWithinTheBound(Topic topic) throws Exception {
        double endedBefore = ended();
        long startNanos = System.nanoTime();
        assertThat(log.append(topic, batch(0, "b"))).containsExactly(new Appended(1, -1, false));
        assertThat(Duration.ofNanos(System.nanoTime() - startNanos)).isLessThan(BOUND);
        assertThat(ended()).isEqualTo(endedBefore + 1);
        assertThat(log.values(topic, 0, 0)).containsExactly("a", "b");
    }

    private static Topic topicWithOneRecord() throws Exception {
        Topic topic = log.topic(1, Map.of());
        log.append(topic, batch(0, "a"));
        return topic;
    }

    @Test
    void roleIsAnOrdinaryOne() throws SQLException {
        try (Connection connection = DriverManager.getConnection(url("a test"));
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "select rolsuper or pg_has_role('pg_signal_backend', 'member') or pg_has_role('pg_monitor', 'member')"
                                + " from pg_roles where rolname = current_user")) {
            row.next();
            assertThat(row.getBoolean(1)).isFalse();
        }
    }

    @Test
    void serverThatStandsStillInCopyIsEnded() throws Exception {
        Topic topic = topicWithOneRecord();
        Connection stalled = holdingLock("tidemark-server", topic);
        try {
            CopyIn copy = stalled.unwrap(PGConnection.class)
                    .getCopyAPI()
                    .copyIn("copy tidemark_internal.topic_" + topic.id()
                            + " (record_offset, \"timestamp\", partition, value) from stdin");
            byte[] line = "1\t2026-01-01\t0\thalf a reco".getBytes(java.nio.charset.StandardCharsets.UTF_8);
            copy.writeToCopy(line, 0, line.length);
            copy.flushCopy();

            assertAppendedWithinTheBound(topic);
            assertThatThrownBy(copy::endCopy).isInstanceOf(SQLException.class);
        } finally {
            // It is in COPY for ever, as far as its driver knows, and cannot be closed in good order.
            stalled.abort(Runnable::run);
        }
    }

    @Test
    void serverThatStandsStillBetweenItsStatementsIsEnded() throws Exception {
        Topic topic = topicWithOneRecord();
        try (Connection stalled = holdingLock("tidemark-server", topic)) {
            assertAppendedWithinTheBound(topic);
            assertIsEnded(stalled);
        }
    }

    @Test
    void whoeverIsNoServerIsLeftAlone() throws Exception {
        Topic topic = topicWithOneRecord();
        try (Connection foreign = holdingLock("psql", topic)) {
            assertRefused(topic);
            assertThat(isAlive(foreign)).isTrue();
        }
        assertThat(log.append(topic, batch(0, "b"))).containsExactly(new Appended(1, -1, false));
    }

    @Test
    void whatIsNoAppendIsLeftAlone() throws Exception {
        Topic topic = topicWithOneRecord();
        try (Connection other = holdingLock("tidemark-server", topic);
                Statement statement = other.createStatement()) {
            statement.execute("select 'something else last'");
            assertRefused(topic);
            assertThat(isAlive(other)).isTrue();
        }
    }

    @Test
    void appendThatPostgresKeepsWaitingIsLeftAlone() throws Exception {
        Topic topic = topicWithOneRecord();
        try (Connection busy = holdingLock("tidemark-server", topic);
                Statement statement = busy.createStatement()) {
            Thread working = new Thread(() -> {
                try {
                    statement.execute("select pg_sleep(20) /* tidemark_internal.reserve(…) */");
                } catch (SQLException cancelled) {
                    // When the test is done with it.
                }
            });
            working.start();
            assertRefused(topic);
            statement.cancel();
            working.join();
            busy.rollback();
            assertThat(isAlive(busy)).isTrue();
        }
    }

    private static void assertRefused(Topic topic) throws Exception {
        double endedBefore = ended();
        List<BatchOutcome> outcomes = log.append(topic, batch(0, "b"));
        assertThat(outcomes.get(0))
                .isInstanceOfSatisfying(
                        Refused.class,
                        refused -> assertThat(refused.error()).isEqualTo(ErrorCode.BROKER_NOT_AVAILABLE));
        assertThat(ended()).isEqualTo(endedBefore);
    }
}
