package dev.tidemark.server.log.append;

import static dev.tidemark.server.log.TestLog.batch;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.embedded.EmbeddedPostgres;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.log.append.BatchOutcome.Appended;
import dev.tidemark.server.log.append.BatchOutcome.Refused;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.postgres.DatabaseConfig;
import dev.tidemark.server.postgres.Migrator;
import dev.tidemark.server.topic.Topic;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** When appends are answered, on a PostgreSQL of the test's own that waits for a synchronous standby which is not there. */
@Timeout(60)
class AcksTest {
    private static EmbeddedPostgres postgres;
    private static Database connections;
    private static TestLog log;

    @BeforeAll
    static void start(@TempDir Path temporary) throws Exception {
        // PostgreSQL may run as another user, who must get through.
        Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwx--x--x"));
        postgres = EmbeddedPostgres.start(temporary.resolve("postgres"), Duration.ofSeconds(10), () -> {});
        DatabaseConfig config = DatabaseConfig.of(postgres.jdbcUrl());
        new Migrator(config).migrate();
        connections = Database.open(config, new SimpleMeterRegistry(), Duration.ofSeconds(10));
        log = new TestLog(connections);
    }

    @AfterAll
    static void stop() {
        log.close();
        connections.close();
        postgres.close();
    }

    @AfterEach
    void awaitNoStandby() throws SQLException {
        setStandby("");
    }

    private static void setStandby(String name) throws SQLException {
        try (Connection connection = superuser();
                Statement statement = connection.createStatement()) {
            statement.execute("set synchronous_commit = local");
            statement.execute("alter system set synchronous_standby_names = '" + name + "'");
            statement.execute("select pg_reload_conf()");
        }
        await().until(() -> ask("show synchronous_standby_names").equals(name));
    }

    private static Connection superuser() throws SQLException {
        return DriverManager.getConnection(postgres.jdbcUrl().replaceFirst("user=[^&]+", "user=postgres"));
    }

    private static String ask(String sql) throws SQLException {
        try (Connection connection = superuser();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            return row.next() ? row.getString(1) : "";
        }
    }

    private static String waitingForStandby() throws SQLException {
        return ask(
                "select pid from pg_stat_activity where wait_event = 'SyncRep' and application_name = 'tidemark-server'");
    }

    /** Returns when the wait of a commit for its standby has been cancelled. */
    private static void cancelWait() {
        await().pollInterval(Duration.ofMillis(10))
                .until(() -> !waitingForStandby().isEmpty());
        await().until(() ->
                ask("select pg_cancel_backend(" + waitingForStandby() + ")").equals("t"));
    }

    private static Topic topicWithOneRecord(Map<String, String> configs) throws Exception {
        Topic topic = log.topic(1, configs);
        log.append(topic, batch(0, "first"));
        return topic;
    }

    private static List<BatchOutcome> got(CompletableFuture<List<BatchOutcome>> outcomes) throws Exception {
        return outcomes.get(TestLog.TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }

    private static void assertUnknown(List<BatchOutcome> outcomes) {
        assertThat(outcomes.get(0))
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.error()).isEqualTo(ErrorCode.REQUEST_TIMED_OUT));
    }

    @Test
    void onlyAllWaitsForTheStandby() throws Exception {
        Topic topic = topicWithOneRecord(Map.of("unsafe.acks", "true"));
        setStandby("nobody");
        assertThat(log.append(topic, Acks.LEADER, batch(0, "one"))).containsExactly(new Appended(1, -1, false));
        log.append(topic, Acks.NONE, batch(0, "none"));
        CompletableFuture<List<BatchOutcome>> all = log.send(topic, batch(0, "all"));
        await().pollInterval(Duration.ofMillis(10))
                .until(() -> !waitingForStandby().isEmpty());
        assertThat(all).isNotDone();

        setStandby("");

        assertThat(got(all)).containsExactly(new Appended(3, -1, false));
        assertThat(log.values(topic, 0, 0)).containsExactly("first", "one", "none", "all");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 600})
    void waitForTheStandbyThatIsCutShortIsNoSuccess(int records) throws Exception {
        Topic topic = topicWithOneRecord(Map.of());
        String[] values = IntStream.range(0, records).mapToObj(i -> "v" + i).toArray(String[]::new);
        setStandby("nobody");
        CompletableFuture<List<BatchOutcome>> all = log.send(topic, batch(0, values));

        cancelWait();

        assertUnknown(got(all));
        assertThat(log.values(topic, 0, 1)).as("committed here all the same").containsExactly(values);
    }

    @Test
    void retryAfterAWaitCutShortIsAnsweredOnlyWithTheStandby() throws Exception {
        Topic topic = topicWithOneRecord(Map.of());
        long producer = log.log().newProducer().producerId();
        setStandby("nobody");
        CompletableFuture<List<BatchOutcome>> first = log.send(topic, batch(0, producer, 0, 0, "a"));
        cancelWait();
        assertUnknown(got(first));

        CompletableFuture<List<BatchOutcome>> retry = log.send(topic, batch(0, producer, 0, 0, "a"));
        await().pollInterval(Duration.ofMillis(10))
                .until(() -> !waitingForStandby().isEmpty());
        assertThat(retry).isNotDone();
        setStandby("");

        assertThat(got(retry)).containsExactly(new Appended(1, -1, true));
        assertThat(log.values(topic, 0, 0)).containsExactly("first", "a");
    }

    @ParameterizedTest
    @CsvSource({
        "all, remote_apply, remote_apply",
        "all, on, on",
        "all, local, on",
        "all, off, on",
        "local, on, local",
        "local, off, local",
        "off, on, off"
    })
    void transactionCommitsAtTheLevelAskedForAndAllAtTheSessionsStrongerOne(
            String asked, String session, String expected) throws Exception {
        Topic topic = topicWithOneRecord(Map.of("unsafe.acks", "true"));
        // The first of an epoch leaves a durable mark.
        log.append(topic, Acks.NONE, batch(0, "marks"));
        await().until(() ->
                ask("select 1 where exists (select from tidemark_internal.leader_epoch where unsafe_appends)")
                        .equals("1"));
        try (Connection connection = DriverManager.getConnection(postgres.jdbcUrl());
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("set local synchronous_commit = " + session);
            statement.execute(
                    "select r.* from tidemark_internal.postgres_run p, lateral tidemark_internal.reserve(array["
                            + topic.partitionId(0)
                            + "], array[0], array[1], array[10::bigint], array[0], array[0::bigint], array[0::bigint], array[null::bigint],"
                            + " array[null::smallint], array[null::int], array[null::text], gen_random_uuid(), p.leader_epoch, p.run_id, '2000', '"
                            + asked + "') r");
            try (ResultSet level = statement.executeQuery("show synchronous_commit")) {
                level.next();
                assertThat(level.getString(1)).isEqualTo(expected);
            }
            connection.rollback();
        }
    }
}
