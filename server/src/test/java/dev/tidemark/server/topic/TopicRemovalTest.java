package dev.tidemark.server.topic;

import static dev.tidemark.server.log.TestLog.batch;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.AlterTopicRequest;
import dev.tidemark.protocol.api.CreateTopicRequest;
import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.testing.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Deleted topics go, whoever reads them: later, but whole, and nobody waits for it. */
class TopicRemovalTest {
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private static TestLog log;
    private Topic topic;

    @BeforeAll
    static void open() {
        log = new TestLog(database.database());
    }

    @AfterAll
    static void close() {
        log.close();
    }

    @BeforeEach
    void makeTopicOfTwoLeaves() throws Exception {
        topic = log.topic(2, Map.of());
        log.append(topic, batch(0, "a", "b"), batch(1, "c"));
    }

    @Test
    void nothingOfADeletedTopicIsLeft() throws Exception {
        log.topics().delete(topic.name());
        log.topics().dropDeleted();

        assertThat(tablesLeft()).isZero();
        assertThat(number("select count(*) from tidemark_internal.topic where topic_id = " + topic.id()))
                .isZero();
        assertThat(number("select count(*) from tidemark_internal.batch where partition_id = " + topic.partitionId(0)))
                .isZero();
        assertThat(number(
                        "select count(*) from tidemark_internal.segment where partition_id = " + topic.partitionId(0)))
                .isZero();
        assertThat(number("select count(*) from tidemark_internal.retired_leaf where topic_id = " + topic.id()))
                .isZero();
        assertThat(number("select count(*) from pg_views where schemaname = 'topic' and viewname = '" + topic.name()
                        + "'"))
                .isZero();
    }

    @Test
    void whoReadsTheTopicKeepsItAndHoldsUpNobody() throws Exception {
        try (Connection auditor = database.connect();
                Statement reader = auditor.createStatement()) {
            auditor.setAutoCommit(false);
            auditor.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            assertThat(number(reader, select())).isEqualTo(3);

            log.topics().delete(topic.name());
            log.topics().dropDeleted();
            log.topics().create(new CreateTopicRequest(topic.name(), 1, Map.of()));
            Topic successor = log.topics().find(topic.name());
            log.append(successor, batch(0, "new"));

            assertThat(number(reader, select())).isEqualTo(3);
            assertThat(tablesLeft()).isEqualTo(3);
            assertThat(waiting()).isZero();
            auditor.commit();
        }
        log.topics().dropDeleted();
        assertThat(tablesLeft()).isZero();
    }

    @Test
    void anOldSnapshotFindsAllRecordsOrNoTopicButNeverAPart() throws Exception {
        try (Connection auditor = database.connect();
                Statement old = auditor.createStatement();
                Connection other = database.connect();
                Statement reader = other.createStatement()) {
            auditor.setAutoCommit(false);
            auditor.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            number(old, "select count(*) from tidemark.topics");
            other.setAutoCommit(false);
            number(reader, select());

            log.topics().delete(topic.name());
            log.topics().dropDeleted();
            assertThat(number(old, select())).isEqualTo(3);
            auditor.rollback();
            number(old, "select count(*) from tidemark.topics");
            other.commit();
            log.topics().dropDeleted();

            assertThatThrownBy(() -> number(old, select()))
                    .isInstanceOf(SQLException.class)
                    .hasMessageContaining("does not exist");
        }
        assertThat(tablesLeft()).isZero();
    }

    @Test
    void whatACrashLeftPendingIsFinished() throws Exception {
        ExecutorService ownThread = Executors.newSingleThreadExecutor();
        try (Connection auditor = database.connect();
                Statement reader = auditor.createStatement();
                Connection detaching = database.connect();
                Statement detach = detaching.createStatement()) {
            long detachingPid = number(detach, "select pg_backend_pid()");
            auditor.setAutoCommit(false);
            number(reader, select());
            String leaf = leaf(0);
            CompletableFuture<Void> crash = CompletableFuture.runAsync(
                    () -> {
                        try {
                            detach.execute("alter table tidemark_internal.topic_" + topic.id() + " detach partition "
                                    + leaf + " concurrently");
                        } catch (SQLException e) {
                            throw new IllegalStateException(e);
                        }
                    },
                    ownThread);
            await().atMost(20, TimeUnit.SECONDS).until(() -> pendingLeaves() == 1);

            // While one leaf waits to be detached the topic's others take records, from sessions that have never seen
            // it.
            try (TestLog fresh = new TestLog(database.database())) {
                fresh.append(topic, batch(1, "d"));
            }
            number("select pg_terminate_backend(" + detachingPid + ")::int");
            assertThat(crash).failsWithin(Duration.ofSeconds(20));
            assertThat(pendingLeaves()).isEqualTo(1);
            auditor.commit();
        } finally {
            ownThread.shutdown();
        }
        log.topics().delete(topic.name());
        log.topics().dropDeleted();

        assertThat(tablesLeft()).isZero();
    }

    @Test
    void severalServersTakeTopicsAwayTogether() throws Exception {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            Topic one = log.topic(2, Map.of());
            log.append(one, batch(0, "a"), batch(1, "b"));
            log.topics().delete(one.name());
            names.add(one.name());
        }
        ExecutorService servers = Executors.newFixedThreadPool(3);
        try {
            List<CompletableFuture<Void>> rounds = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                Topics server = new Topics(database.database());
                rounds.add(CompletableFuture.runAsync(server::dropDeleted, servers));
            }
            CompletableFuture.allOf(rounds.toArray(CompletableFuture[]::new)).get(60, TimeUnit.SECONDS);
        } finally {
            servers.shutdown();
        }
        assertThat(number("select count(*) from tidemark_internal.topic where deleted_at is not null"))
                .as("of %s", names)
                .isZero();
    }

    @Test
    void batchRowsGoInSlices() throws Exception {
        log.topics().delete(topic.name());
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    "insert into tidemark_internal.batch (base_offset, min_timestamp, max_timestamp, appended_at, bytes, partition_id, record_count,"
                            + " first_block, leader_epoch, append_id)"
                            + " select n, now(), now(), now(), 1, " + topic.partitionId(0)
                            + ", 1, 0, 0, gen_random_uuid() from generate_series(100, 25000) n");
        }
        log.topics().dropDeleted();

        assertThat(number("select count(*) from tidemark_internal.batch where partition_id = " + topic.partitionId(0)))
                .isZero();
        assertThat(tablesLeft()).isZero();
    }

    @Test
    void somebodysViewOverTheTopicHoldsUpItsTablesAndNothingElse() throws Exception {
        try (Connection connection = database.connect();
                Statement auditor = connection.createStatement()) {
            auditor.execute("create view report as select * from topic.\"" + topic.name() + "\"");
            log.topics().delete(topic.name());
            log.topics().dropDeleted();
            assertThat(number(auditor, "select count(*) from report")).isEqualTo(3);

            auditor.execute("drop view report");
        }
        log.topics().dropDeleted();
        assertThat(tablesLeft()).isZero();
    }

    @Test
    void typesOfATopicThatIsBeingReadAreRefusedAtOnceAndLater() throws Exception {
        Topic empty = log.topic(1, Map.of());
        AlterTopicRequest change = new AlterTopicRequest(null, Map.of("value.type", "json"));
        try (Connection auditor = database.connect();
                Statement reader = auditor.createStatement()) {
            auditor.setAutoCommit(false);
            number(reader, "select count(*) from topic.\"" + empty.name() + "\"");

            assertThatThrownBy(() -> log.topics().alter(empty.name(), change))
                    .isInstanceOfSatisfying(ApiException.class, refused -> {
                        assertThat(refused.error()).isEqualTo(ErrorCode.BROKER_NOT_AVAILABLE);
                        assertThat(refused.detail()).contains(empty.name());
                    });
            auditor.commit();
        }
        assertThat(log.topics().alter(empty.name(), change).configs()).containsEntry("value.type", "json");
    }

    private String select() {
        return "select count(*) from topic.\"" + topic.name() + "\"";
    }

    private String leaf(int partition) {
        return "tidemark_internal.topic_" + topic.id() + "_" + partition + "_" + "0".repeat(20);
    }

    private long tablesLeft() throws SQLException {
        return number("select count(*) from pg_class where relnamespace = 'tidemark_internal'::regnamespace"
                + " and relkind in ('r', 'p') and relname ~ '^topic_" + topic.id() + "(_|$)'");
    }

    private long pendingLeaves() throws SQLException {
        return number("select count(*) from pg_inherits where inhdetachpending");
    }

    private static long waiting() throws SQLException {
        return number("select count(*) from pg_locks where not granted");
    }

    private static long number(String sql) throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            return number(statement, sql);
        }
    }

    private static long number(Statement statement, String sql) throws SQLException {
        try (ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }
}
