package dev.tidemark.server.log.append;

import static dev.tidemark.server.log.TestLog.batch;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.log.append.BatchOutcome.Appended;
import dev.tidemark.server.log.append.BatchOutcome.Refused;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.postgres.DatabaseConfig;
import dev.tidemark.server.testing.MissingStandby;
import dev.tidemark.server.topic.Topic;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
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
    private static MissingStandby postgres;
    private static Database connections;
    private static TestLog log;

    @BeforeAll
    static void start(@TempDir Path temporary) throws Exception {
        postgres = MissingStandby.start(temporary);
        connections =
                Database.open(DatabaseConfig.of(postgres.jdbcUrl()), new SimpleMeterRegistry(), Duration.ofSeconds(10));
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
        postgres.waitFor("");
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
        postgres.waitFor("nobody");
        assertThat(log.append(topic, Acks.LEADER, batch(0, "one"))).containsExactly(new Appended(1, -1, false));
        log.append(topic, Acks.NONE, batch(0, "none"));
        CompletableFuture<List<BatchOutcome>> all = log.send(topic, batch(0, "all"));
        postgres.awaitWaiting();
        assertThat(all).isNotDone();

        postgres.waitFor("");

        assertThat(got(all)).containsExactly(new Appended(3, -1, false));
        assertThat(log.values(topic, 0, 0)).containsExactly("first", "one", "none", "all");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 600})
    void waitForTheStandbyThatIsCutShortIsNoSuccess(int records) throws Exception {
        Topic topic = topicWithOneRecord(Map.of());
        String[] values = IntStream.range(0, records).mapToObj(i -> "v" + i).toArray(String[]::new);
        postgres.waitFor("nobody");
        CompletableFuture<List<BatchOutcome>> all = log.send(topic, batch(0, values));

        postgres.cancelWait();

        assertUnknown(got(all));
        assertThat(log.values(topic, 0, 1)).as("committed here all the same").containsExactly(values);
    }

    @Test
    void retryAfterAWaitCutShortIsAnsweredOnlyWithTheStandby() throws Exception {
        Topic topic = topicWithOneRecord(Map.of());
        long producer = log.log().newProducer().producerId();
        postgres.waitFor("nobody");
        CompletableFuture<List<BatchOutcome>> first = log.send(topic, batch(0, producer, 0, 0, "a"));
        postgres.cancelWait();
        assertUnknown(got(first));

        CompletableFuture<List<BatchOutcome>> retry = log.send(topic, batch(0, producer, 0, 0, "a"));
        postgres.awaitWaiting();
        assertThat(retry).isNotDone();
        postgres.waitFor("");

        assertThat(got(retry)).containsExactly(new Appended(1, -1, true));
        assertThat(log.values(topic, 0, 0)).containsExactly("first", "a");
    }

    @Test
    void cutWaitOfACommitThatSomeShareWithoutNeedingTheStandbyIsNoFailureOfTheirs() throws Exception {
        Topic topic = topicWithOneRecord(Map.of());
        CompletableFuture<List<BatchOutcome>> leader;
        CompletableFuture<List<BatchOutcome>> all;
        try (Connection blocker = DriverManager.getConnection(postgres.jdbcUrl())) {
            PartitionLock.hold(blocker, topic, 0);
            // The lane is busy with this one, so that the other two meet in its next transaction.
            CompletableFuture<List<BatchOutcome>> ahead = log.send(topic, Acks.LEADER, batch(0, "ahead"));
            PartitionLock.awaitWaiter(blocker, topic, 0);
            leader = log.send(topic, Acks.LEADER, batch(0, "one"));
            all = log.send(topic, Acks.ALL, batch(0, "all"));
            postgres.waitFor("nobody");
            blocker.rollback();
            assertThat(got(ahead)).containsExactly(new Appended(1, -1, false));
        }
        postgres.awaitWaiting();
        assertThat(leader).as("shares the commit that waits").isNotDone();

        postgres.cancelWait();

        assertThat(got(leader)).containsExactly(new Appended(2, -1, false));
        assertUnknown(got(all));
        assertThat(log.values(topic, 0, 0)).containsExactly("first", "ahead", "one", "all");
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
        await().until(() -> postgres.ask(
                        "select 1 where exists (select from tidemark_internal.leader_epoch where unsafe_appends)")
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
