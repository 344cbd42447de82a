package dev.tidemark.server.outbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.log.append.Appender;
import dev.tidemark.server.testing.TestDatabase;
import dev.tidemark.server.topic.Topic;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Records produced in callers' transactions, on their way into the log. */
@Timeout(120)
class OutboxTest {
    /** Switched and emptied whenever anybody looks. */
    private static final Rotation EAGER = new Rotation(1, Duration.ZERO, Duration.ZERO);

    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    private TestLog log;
    private Outbox outbox;

    @BeforeEach
    void start() {
        log = new TestLog(database.database());
        outbox = outbox(true);
    }

    @AfterEach
    void stop() throws SQLException {
        outbox.close();
        log.close();
        assertThat(database.string("select count(*) from tidemark.staged")).isEqualTo("0");
    }

    private Outbox outbox(boolean isOldest) {
        return new Outbox(database.database(), log.topics(), log.log(), () -> isOldest, metrics);
    }

    @Test
    void recordIsInTheLogOnceItsTransactionHasCommitted() throws Exception {
        Topic topic = log.topic(1, Map.of());
        try (Connection caller = database.connect()) {
            caller.setAutoCommit(false);
            produce(caller, topic, "k", "committed");
            produceInAutocommit(topic, "k", "meanwhile");
            awaitValues(topic, "meanwhile");
            caller.commit();
        }

        awaitValues(topic, "meanwhile", "committed");
    }

    @Test
    void rolledBackTransactionLeavesNothing() throws Exception {
        Topic topic = log.topic(1, Map.of());
        try (Connection caller = database.connect()) {
            caller.setAutoCommit(false);
            produce(caller, topic, "k", "never");
            caller.rollback();
        }
        produceInAutocommit(topic, "k", "after");

        awaitValues(topic, "after");
    }

    @Test
    void savepointsTakeBackWhatWasProducedSinceThem() throws Exception {
        Topic topic = log.topic(1, Map.of());
        try (Connection caller = database.connect()) {
            caller.setAutoCommit(false);
            produce(caller, topic, "k", "a");
            Savepoint taken = caller.setSavepoint();
            produce(caller, topic, "k", "taken back");
            caller.rollback(taken);
            Savepoint kept = caller.setSavepoint();
            produce(caller, topic, "k", "b");
            caller.releaseSavepoint(kept);
            produce(caller, topic, "k", "c");
            caller.commit();
        }

        awaitValues(topic, "a", "b", "c");
    }

    @Test
    void aTransactionOverManyPartitionsIsPutIntoTheLogInPartsOfABoundedNumberOfThem() throws Exception {
        int partitions = Appender.MAX_PARTITIONS + 20;
        Topic topic = log.topic(partitions, Map.of());
        execute("select count(tidemark.produce('" + topic.name() + "', null::text, 'v' || n, null, n % " + partitions
                + ")) from generate_series(0, " + (2 * partitions - 1) + ") n");

        await().atMost(Duration.ofSeconds(90))
                .until(() ->
                        database.string("select count(*) from tidemark.staged").equals("0"));
        assertThat(log.values(topic, 0, 0)).containsExactly("v0", "v" + partitions);
        assertThat(log.values(topic, partitions - 1, 0))
                .containsExactly("v" + (partitions - 1), "v" + (2 * partitions - 1));
        assertThat(database.string(
                        "select string_agg(n::text, ' ' order by n) from (select count(distinct partition_id) as n"
                                + " from tidemark_internal.batch join tidemark_internal.partition using (partition_id) where topic_id = "
                                + topic.id() + " group by append_id) t"))
                .isEqualTo("40 " + Appender.MAX_PARTITIONS + " " + Appender.MAX_PARTITIONS);
    }

    @Test
    void idleCallerHoldsUpNobodyAndIsNotForgotten() throws Exception {
        Topic topic = log.topic(1, Map.of());
        try (Connection idle = database.connect()) {
            idle.setAutoCommit(false);
            produce(idle, topic, "k", "late");
            List<String> expected = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                produceInAutocommit(topic, "k", "v" + i);
                expected.add("v" + i);
            }
            awaitValues(topic, expected.toArray(String[]::new));
            expected.add("late");
            idle.commit();
            awaitValues(topic, expected.toArray(String[]::new));
        }
    }

    /** A trigger on a bulk UPDATE, say, with savepoints: the looks beside it are many a second, and each would go over all it has staged. */
    @Test
    void whatAnOpenTransactionHasStagedIsNotLookedAtBeforeItHasCommitted() throws Exception {
        Topic topic = log.topic(1, Map.of());
        int count = 3_000;
        String stage =
                "select count(tidemark.produce('" + topic.name() + "', null, n::text)) from generate_series(%d, %d) n";
        try (Connection bulk = database.connect()) {
            bulk.setAutoCommit(false);
            execute(bulk, stage.formatted(1, 1_000));
            Savepoint kept = bulk.setSavepoint();
            execute(bulk, stage.formatted(1_001, 2_000));
            bulk.releaseSavepoint(kept);
            bulk.setSavepoint();
            execute(bulk, stage.formatted(2_001, count));
            assertThat(entriesReadByALook()).as("begun since the position").isLessThan(20);

            produceInAutocommit(topic, "k", "beside it");
            awaitValues(topic, "beside it");
            assertThat(entriesReadByALook()).as("in progress at the position").isLessThan(20);
            bulk.commit();
        }

        awaitCount(topic, count + 1);
        assertThat(log.values(topic, 0, count)).containsExactly(Integer.toString(count));
    }

    /** Entries of the staging tables and their indexes that are read by what servers ask of them, in a transaction of its own. */
    private static long entriesReadByALook() throws SQLException {
        try (Connection server = database.connect()) {
            server.setAutoCommit(false);
            execute(server, "select count(*) from tidemark_internal.next_staged(5000, 4194304)");
            execute(server, "select count(*) from tidemark_internal.measure_staged(100000)");
            execute(
                    server,
                    "select tidemark_internal.is_sequenced('tidemark_internal.staged_0'), tidemark_internal.is_sequenced('tidemark_internal.staged_1')");
            try (Statement statement = server.createStatement();
                    ResultSet row = statement.executeQuery(
                            "select sum(pg_stat_get_xact_tuples_returned(c.oid))"
                                    + " from pg_class c where c.relnamespace = 'tidemark_internal'::regnamespace and c.relname ~ '^staged_[01]'")) {
                row.next();
                return row.getLong(1);
            }
        }
    }

    /** The one that began first ends last, and has an older transaction id than the one it waited for. */
    @Test
    void recordsFollowTheOrderThatRowLocksGaveTheirTransactions() throws Exception {
        Topic topic = log.topic(1, Map.of());
        execute("create table account (id int primary key, balance int); insert into account values (1, 0), (2, 0)");
        try (Connection first = database.connect();
                Connection second = database.connect()) {
            first.setAutoCommit(false);
            second.setAutoCommit(false);
            execute(first, "update account set balance = 1 where id = 2");
            execute(second, "update account set balance = 1 where id = 1");
            produce(second, topic, "1", "balance 1");
            second.commit();
            execute(first, "update account set balance = 2 where id = 1");
            produce(first, topic, "1", "balance 2");
            first.commit();
        } finally {
            execute("drop table account");
        }

        awaitValues(topic, "balance 1", "balance 2");
    }

    @Test
    void recordsOfOneKeyKeepTheirOrderUnderConcurrency() throws Exception {
        int keys = 6;
        int each = 150;
        Topic topic = log.topic(3, Map.of());
        execute("create table counter (key text primary key, value int);"
                + " insert into counter select 'k' || n, 0 from generate_series(0, " + (keys - 1) + ") n");
        ExecutorService callers = Executors.newFixedThreadPool(8);
        List<Future<?>> done = new ArrayList<>();
        for (int c = 0; c < 8; c++) {
            int seed = c;
            done.add(callers.submit(() -> {
                countAndProduce(topic, seed, keys, each);
                return null;
            }));
        }
        for (Future<?> caller : done) {
            caller.get(60, TimeUnit.SECONDS);
        }
        callers.shutdown();

        awaitCount(topic, 8 * each);
        // Each key's values count up by one, in the order of the offsets of its partition.
        assertThat(database.string(
                        "select count(*) from (select v, row_number() over (partition by k order by o) n from ("
                                + "select convert_from(key, 'UTF8') k, convert_from(value, 'UTF8')::int v, record_offset o"
                                + " from topic.\"" + topic.name() + "\") r) x where v <> n"))
                .isEqualTo("0");
        execute("drop table counter");
    }

    private static void countAndProduce(Topic topic, int seed, int keys, int each) throws SQLException {
        try (Connection caller = database.connect();
                PreparedStatement statement = caller.prepareStatement(
                        "with c as (update counter set value = value + 1 where key = ? returning key, value)"
                                + " select tidemark.produce(?, c.key, c.value::text) from c")) {
            caller.setAutoCommit(false);
            for (int i = 0; i < each; i++) {
                statement.setString(1, "k" + (seed + i) % keys);
                statement.setString(2, topic.name());
                statement.executeQuery().close();
                if (i % 7 == 3) {
                    caller.rollback();
                    statement.executeQuery().close();
                }
                caller.commit();
            }
        }
    }

    @Test
    void recordsHaveTheRoleThatProducedThemAsPrincipal() throws Exception {
        Topic topic = log.topic(1, Map.of());
        execute(
                "do $$ begin create role outbox_writer login password 'w'; exception when duplicate_object then null; end $$;"
                        + " grant tidemark_writer to outbox_writer");
        produceInAutocommit(topic, "k", "mine");
        try (Connection caller = java.sql.DriverManager.getConnection(
                database.jdbcUrl().replaceFirst("\\?.*", "?user=outbox_writer&password=w"))) {
            produce(caller, topic, "k", "the writer's");
        }

        awaitValues(topic, "mine", "the writer's");
        assertThat(database.string(
                        "select string_agg(principal, ',' order by base_offset) from tidemark.batches where topic = '"
                                + topic.name() + "'"))
                .isEqualTo(database.string("select session_user") + ",outbox_writer");
    }

    @Test
    void keysGoWhereTheServerSendsThemAndPartitionsWhereTheyAreSaid() throws Exception {
        Topic topic = log.topic(5, Map.of());
        execute("select tidemark.produce('" + topic.name() + "', 'k' || n, 'by key') from generate_series(1, 20) n");
        execute("select tidemark.produce('" + topic.name()
                + "', 'k' || n, 'said', partition => 3) from generate_series(1, 5) n");
        awaitCount(topic, 25);

        try (Connection connection = database.connect();
                Statement statement = connection.createStatement();
                var rows = statement.executeQuery(
                        "select convert_from(key, 'UTF8'), convert_from(value, 'UTF8'), partition from topic.\""
                                + topic.name() + "\"")) {
            while (rows.next()) {
                int byKey = dev.tidemark.protocol.Partitioner.forKey(
                        rows.getString(1).getBytes(java.nio.charset.StandardCharsets.UTF_8), 5);
                assertThat(rows.getInt(3)).isEqualTo(rows.getString(2).equals("said") ? 3 : byKey);
            }
        }
    }

    @Test
    void recordsOfADeletedTopicAreDroppedAndCounted() throws Exception {
        Topic deleted = log.topic(1, Map.of());
        Topic other = log.topic(1, Map.of());
        try (Connection caller = database.connect()) {
            caller.setAutoCommit(false);
            produce(caller, deleted, "k", "for nobody");
            produce(caller, other, "k", "for somebody");
            log.topics().delete(deleted.name());
            caller.commit();
        }

        awaitValues(other, "for somebody");
        assertThat(metrics.counter("tidemark.outbox.dropped.records", "reason", "topic_deleted")
                        .count())
                .isEqualTo(1);
        // Alone in its slice.
        Topic alone = log.topic(1, Map.of());
        try (Connection caller = database.connect()) {
            caller.setAutoCommit(false);
            produce(caller, alone, "k", "for nobody");
            log.topics().delete(alone.name());
            caller.commit();
        }
        await().atMost(Duration.ofSeconds(30))
                .until(() -> metrics.counter("tidemark.outbox.dropped.records", "reason", "topic_deleted")
                                .count()
                        == 2);
    }

    @Test
    void limitsLoweredMeanwhileAreNotAskedASecondTime() throws Exception {
        Topic topic = log.topic(1, Map.of());
        try (Connection caller = database.connect()) {
            caller.setAutoCommit(false);
            produce(caller, topic, "k", "x".repeat(1000));
            log.topics()
                    .alter(
                            topic.name(),
                            new dev.tidemark.protocol.api.AlterTopicRequest(null, Map.of("max.message.bytes", "10")));
            caller.commit();
        }

        awaitValues(topic, "x".repeat(1000));
    }

    @Test
    void typesOfATopicStayWhileRecordsAreStagedForIt() throws Exception {
        Topic topic = log.topic(1, Map.of());
        var toJson = new dev.tidemark.protocol.api.AlterTopicRequest(null, Map.of("value.type", "json"));
        try (Connection caller = database.connect()) {
            caller.setAutoCommit(false);
            produce(caller, topic, "k", "no JSON");
            org.assertj.core.api.Assertions.assertThatThrownBy(
                            () -> log.topics().alter(topic.name(), toJson))
                    .hasMessageContaining("in use");
            caller.commit();
        }
        awaitValues(topic, "no JSON");
    }

    @Test
    void oneRecordThatCannotBeStoredHoldsUpNoOther() throws Exception {
        outbox.close();
        Topic topic = log.topic(1, Map.of());
        execute("select tidemark.produce('" + topic.name() + "', null, n::text) from generate_series(1, 40) n");
        // As if a check had let it pass.
        execute("update tidemark_internal.staged_0 set headers = '{' where topic_id = " + topic.id()
                + " and value = '17'");
        execute("update tidemark_internal.staged_1 set headers = '{' where topic_id = " + topic.id()
                + " and value = '17'");
        outbox = outbox(true);

        awaitCount(topic, 39);
        assertThat(log.values(topic, 0, 0)).doesNotContain("17").contains("16", "18", "40");
        assertThat(metrics.counter("tidemark.outbox.dropped.records", "reason", "not_storable")
                        .count())
                .isEqualTo(1);
    }

    @Test
    void backlogOfAServerThatWasAwayIsPutIntoTheLogInSlices() throws Exception {
        outbox.close();
        Topic topic = log.topic(4, Map.of());
        int count = 45_000;
        execute("select tidemark.produce('" + topic.name() + "', n::text, n::text) from generate_series(1, " + count
                + ") n");
        assertThat(database.string(
                        "select records || ' ' || bytes from tidemark.staged where topic = '" + topic.name() + "'"))
                .isEqualTo(count + " "
                        + database.string("select sum(2 * length(n::text)) from generate_series(1, " + count + ") n"));
        assertThat(database.string("select age > interval '0' from tidemark.staged"))
                .isEqualTo("t");
        outbox = outbox(true);

        awaitCount(topic, count);
        assertThat(database.string("select count(*) from (select convert_from(value, 'UTF8')::int v,"
                        + " lag(convert_from(value, 'UTF8')::int) over (partition by partition order by record_offset) before"
                        + " from topic.\"" + topic.name() + "\") x where before >= v"))
                .isEqualTo("0");
        assertThat(metrics.counter("tidemark.outbox.records").count()).isEqualTo(count);
    }

    @Test
    void anotherServerTakesOverFromOneThatIsGone() throws Exception {
        Topic topic = log.topic(1, Map.of());
        try (Outbox standby = outbox(false)) {
            produceInAutocommit(topic, "k", "a");
            awaitValues(topic, "a");
            outbox.close();
            produceInAutocommit(topic, "k", "b");
            long since = System.nanoTime();
            awaitValues(topic, "a", "b");
            assertThat(Duration.ofNanos(System.nanoTime() - since)).isLessThan(Duration.ofSeconds(5));
        }
    }

    @Test
    void serversThatBothThinkTheyAreInChargeAppendEachRecordOnce() throws Exception {
        Topic topic = log.topic(2, Map.of());
        try (TestLog otherLog = new TestLog(database.database());
                Outbox other = new Outbox(
                        database.database(),
                        otherLog.topics(),
                        otherLog.log(),
                        () -> true,
                        new SimpleMeterRegistry())) {
            for (int i = 0; i < 200; i++) {
                execute("select tidemark.produce('" + topic.name()
                        + "', n::text, n::text) from generate_series(1, 10) n");
            }
            awaitCount(topic, 2_000);
        }
        awaitCount(topic, 2_000);
    }

    @Test
    void oldSnapshotsAndRotationLeaveNoDeadRowsBehind() throws Exception {
        outbox.close();
        Topic topic = log.topic(1, Map.of());
        outbox = new Outbox(database.database(), log.topics(), log.log(), () -> true, EAGER, metrics);
        try (Connection auditor = database.connect()) {
            auditor.setAutoCommit(false);
            auditor.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            execute(auditor, "select count(*) from topic.\"" + topic.name() + "\"");
            StagedRecords staged = new StagedRecords(database.database());
            int truncated = 0;
            int produced = 0;
            for (int round = 0; round < 40; round++) {
                execute("select tidemark.produce('" + topic.name() + "', 'k', 'v') from generate_series(1, 500)");
                produced += 500;
                awaitCount(topic, produced);
                for (String step = staged.rotate(EAGER);
                        step != null;
                        step = step.equals("switched") ? null : staged.rotate(EAGER)) {
                    truncated += step.equals("truncated") ? 1 : 0;
                }
            }
            assertThat(truncated).isGreaterThan(10);
            // All that was produced would take some 3 MB.
            assertThat(
                            Long.parseLong(
                                    database.string(
                                            "select pg_table_size('tidemark_internal.staged_0') + pg_table_size('tidemark_internal.staged_1')")))
                    .isLessThan(1 << 20);
            assertThat(database.string(
                            "select coalesce(sum(pg_stat_get_dead_tuples(c)), 0) from unnest(array['tidemark_internal.staged_0',"
                                    + "'tidemark_internal.staged_1']::regclass[]) c"))
                    .isEqualTo("0");
            auditor.commit();
        }
        outbox.close();
        outbox = outbox(true);
    }

    @Test
    void tableACallerHoldsIsNotTruncatedAndNobodyWaitsForIt() throws Exception {
        Topic topic = log.topic(1, Map.of());
        StagedRecords staged = new StagedRecords(database.database());
        rotateFully(staged);
        try (Connection idle = database.connect()) {
            idle.setAutoCommit(false);
            produce(idle, topic, "k", "late");
            assertThat(staged.rotate(EAGER)).isEqualTo("switched");
            produceInAutocommit(topic, "k", "in the other");
            awaitValues(topic, "in the other");
            long since = System.nanoTime();
            assertThat(staged.rotate(EAGER)).isNull();
            assertThat(Duration.ofNanos(System.nanoTime() - since)).isLessThan(Duration.ofSeconds(1));
            produce(idle, topic, "k", "later");
            idle.commit();
        }
        awaitValues(topic, "in the other", "late", "later");
        await().atMost(Duration.ofSeconds(30)).until(() -> "truncated".equals(staged.rotate(EAGER)));
    }

    /** Both tables empty but for what others have written into the current one. */
    private static void rotateFully(StagedRecords staged) {
        await().atMost(Duration.ofSeconds(30)).until(() -> {
            staged.rotate(EAGER);
            return database.string(
                            "select pg_relation_size('tidemark_internal.staged_0') + pg_relation_size('tidemark_internal.staged_1')")
                    .equals("0");
        });
    }

    @Test
    void restoredStagedRecordsAreStagedAnewOnce() throws Exception {
        outbox.close();
        Topic topic = log.topic(1, Map.of());
        produceInAutocommit(topic, "k", "in the log before");
        outbox = outbox(true);
        awaitValues(topic, "in the log before");
        outbox.close();
        produceInAutocommit(topic, "k", "staged before");
        // As pg_restore leaves it: the tables have other oids, and their rows transaction ids of another PostgreSQL.
        execute(
                "update tidemark_internal.staged_position set staging_table = 1, last_snapshot = '900:900:', snapshot = case when"
                        + " position_id = (select max(position_id) from tidemark_internal.staged_position) then '1000:1000:'::pg_snapshot else snapshot end");
        for (String table : List.of("staged_0", "staged_1")) {
            execute(
                    "update tidemark_internal." + table
                            + " set origin = 1, xid = case when convert_from(value, 'UTF8') = 'staged before' then '1005' else '950' end::xid8");
        }
        // Produced here, before any server has been started.
        produceInAutocommit(topic, "k", "staged after");
        outbox = outbox(true);

        awaitValues(topic, "in the log before", "staged before", "staged after");
        outbox.close();
        outbox = outbox(true);
        produceInAutocommit(topic, "k", "later");
        awaitValues(topic, "in the log before", "staged before", "staged after", "later");
    }

    private void awaitValues(Topic topic, String... values) {
        await().atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(20))
                .untilAsserted(() -> assertThat(log.values(topic, 0, 0)).containsExactly(values));
    }

    private static void awaitCount(Topic topic, int count) {
        await().atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(20))
                .until(
                        () -> database.string("select sum(log_end_offset) from tidemark.partitions where topic = '"
                                + topic.name() + "'"),
                        ends -> Integer.parseInt(ends) >= count);
        try {
            assertThat(database.string("select count(*) from topic.\"" + topic.name() + "\""))
                    .isEqualTo(Integer.toString(count));
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    private static void produceInAutocommit(Topic topic, String key, String value) throws SQLException {
        try (Connection caller = database.connect()) {
            produce(caller, topic, key, value);
        }
    }

    private static void produce(Connection caller, Topic topic, String key, String value) throws SQLException {
        try (PreparedStatement produce = caller.prepareStatement("select tidemark.produce(?, ?, ?)")) {
            produce.setString(1, topic.name());
            produce.setString(2, key);
            produce.setString(3, value);
            produce.executeQuery().close();
        }
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = database.connect()) {
            execute(connection, sql);
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
