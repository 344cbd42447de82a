package dev.tidemark.server.group.offset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.testing.SqlGroups;
import dev.tidemark.server.testing.TestDatabase;
import dev.tidemark.server.topic.Topic;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code tidemark.commit_offsets}, for an application's own database transaction, and the same with records: what is committed, and who is fenced. */
@Timeout(120)
class CommitOffsetsSqlTest {
    private static final int END = 10;

    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private final SqlGroups groups = new SqlGroups(database);
    private String topic;
    private String group;

    @BeforeEach
    void aTopicWithRecordsAndABusinessTable() throws Exception {
        try (TestLog log = new TestLog(database.database())) {
            Topic made = log.topic(2, Map.of());
            topic = made.name();
            String[] values =
                    IntStream.range(0, END).mapToObj(Integer::toString).toArray(String[]::new);
            log.append(made, TestLog.batch(0, values), TestLog.batch(1, values));
        }
        group = "group of " + topic;
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("create table if not exists business (worker text, n int)");
            statement.execute("truncate business");
        }
    }

    private void commit(Connection connection, String memberId, Integer generation, int partition, long offset)
            throws SQLException {
        commit(connection, memberId, generation, topic, new Integer[] {partition}, new Long[] {offset});
    }

    private void commit(
            Connection connection,
            String memberId,
            Integer generation,
            String topicName,
            Integer[] partitions,
            Long[] offsets)
            throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("select tidemark.commit_offsets(?, ?, ?, ?, ?, ?)")) {
            statement.setString(1, group);
            statement.setString(2, memberId);
            statement.setObject(3, generation, java.sql.Types.INTEGER);
            statement.setString(4, topicName);
            statement.setArray(5, connection.createArrayOf("int4", partitions));
            statement.setArray(6, connection.createArrayOf("int8", offsets));
            statement.execute();
        }
    }

    private static void work(Connection connection, String worker) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("insert into business values (?, 1)")) {
            insert.setString(1, worker);
            insert.execute();
        }
    }

    private static Connection transaction(int isolation) throws SQLException {
        Connection connection = database.connect();
        connection.setAutoCommit(false);
        connection.setTransactionIsolation(isolation);
        return connection;
    }

    private static String state(ThrowingWork work) {
        return refusal(work).getSQLState();
    }

    private static SQLException refusal(ThrowingWork work) {
        try {
            work.run();
        } catch (SQLException refused) {
            return refused;
        } catch (Exception e) {
            throw new AssertionError(e);
        }
        throw new AssertionError("it was not refused");
    }

    private interface ThrowingWork {
        void run() throws Exception;
    }

    private String committedOffset(int partition) throws SQLException {
        return database.string(
                "select max(committed_offset) from (select committed_offset from tidemark.consumer_lag where group_id = '"
                        + group + "' and partition = " + partition + ") c");
    }

    @Test
    void offsetsAreCommittedWithTheBusinessRowsAndRolledBackWithThem() throws Exception {
        groups.join(group, "m", "somebody");
        groups.give(group, topic, 0, "m");
        int generation = groups.generation(group);
        try (Connection connection = transaction(Connection.TRANSACTION_READ_COMMITTED)) {
            work(connection, "m");
            commit(connection, "m", generation, 0, 3);
            connection.rollback();
            assertThat(committedOffset(0)).isNull();

            work(connection, "m");
            commit(connection, "m", generation, 0, 4);
            connection.commit();
        }
        assertThat(committedOffset(0)).isEqualTo("4");
        assertThat(database.string("select count(*) from business")).isEqualTo("1");
        assertThat(database.string(
                        "select format('%s %s %s', kind, principal = session_user, generation_id) from tidemark.offset_commits where group_id = '"
                                + group + "'"))
                .isEqualTo("transaction t " + generation);
    }

    @Test
    void whileACommitIsOpenThePartitionStaysItsOwnersAndTheOthersCanBeGivenAway() throws Exception {
        groups.join(group, "old", "somebody");
        groups.join(group, "new", "somebody");
        groups.give(group, topic, 0, "old");
        groups.give(group, topic, 1, "old");
        try (Connection connection = transaction(Connection.TRANSACTION_READ_COMMITTED)) {
            commit(connection, "old", groups.generation(group), 0, 3);

            assertThat(groups.give(group, topic, 0, "new")).isFalse();
            assertThat(groups.give(group, topic, 1, "new")).isTrue();
            connection.commit();

            assertThat(groups.give(group, topic, 0, "new")).isTrue();
        }
        assertThat(committedOffset(0)).isEqualTo("3");
    }

    @Test
    void whoHoldsAPartitionUpIsShown() throws Exception {
        groups.join(group, "gone", "somebody");
        groups.give(group, topic, 0, "gone");
        try (Connection connection = transaction(Connection.TRANSACTION_READ_COMMITTED);
                Statement statement = connection.createStatement()) {
            statement.execute("set application_name = 'slow job'");
            commit(connection, "gone", groups.generation(group), 0, 3);
            groups.leave(group, "gone", "session timeout");

            String held = database.string(
                    "select concat_ws(' ', member_id, is_member, partitions_to_release, held_up_by) from tidemark.consumer_groups where group_id = '"
                            + group + "'");
            assertThat(held).startsWith("gone f {" + topic + "-0}").contains("\"slow job\"", "\"xact_start\"");
            connection.rollback();
        }
    }

    @Test
    void atReadCommittedAZombieIsRefusedAndSoIsItsBusinessRow() throws Exception {
        groups.join(group, "zombie", "somebody");
        groups.give(group, topic, 0, "zombie");
        int generation = groups.generation(group);
        try (Connection connection = transaction(Connection.TRANSACTION_READ_COMMITTED)) {
            work(connection, "zombie");
            groups.join(group, "new", "somebody");
            groups.give(group, topic, 0, "new");

            assertThat(state(() -> commit(connection, "zombie", generation, 0, 3)))
                    .isEqualTo("TM022");
            connection.rollback();

            groups.leave(group, "zombie", "session timeout");
            SQLException expelled = refusal(() -> commit(connection, "zombie", generation, 0, 3));
            assertThat(expelled.getSQLState()).isEqualTo("TM025");
            assertThat(expelled.getMessage()).contains("expelled", "session timeout");
            connection.rollback();
        }
        assertThat(database.string("select count(*) from business")).isEqualTo("0");
        assertThat(committedOffset(0)).isNull();
    }

    @ParameterizedTest
    @ValueSource(ints = {Connection.TRANSACTION_REPEATABLE_READ, Connection.TRANSACTION_SERIALIZABLE})
    void withASnapshotFromBeforeAZombieIsRefusedAndSoIsItsBusinessRow(int isolation) throws Exception {
        groups.join(group, "zombie", "somebody");
        groups.give(group, topic, 0, "zombie");
        int generation = groups.generation(group);
        try (Connection connection = transaction(isolation)) {
            work(connection, "zombie");
            groups.join(group, "new", "somebody");
            groups.give(group, topic, 0, "new");

            assertThat(state(() -> commit(connection, "zombie", generation, 0, 3)))
                    .isEqualTo("40001");
            assertThatThrownBy(() -> commit(connection, "zombie", generation, 0, 3))
                    .isInstanceOf(SQLException.class);
            connection.rollback();
            assertThat(state(() -> commit(connection, "zombie", generation, 0, 3)))
                    .isEqualTo("TM022");
            connection.rollback();
        }
        assertThat(database.string("select count(*) from business")).isEqualTo("0");
        assertThat(committedOffset(0)).isNull();
    }

    @ParameterizedTest
    @ValueSource(ints = {Connection.TRANSACTION_REPEATABLE_READ, Connection.TRANSACTION_SERIALIZABLE})
    void anOwnerWhoseSnapshotIsOlderThanItsOwnershipIsToTryAgain(int isolation) throws Exception {
        try (Connection connection = transaction(isolation)) {
            work(connection, "m");
            groups.join(group, "m", "somebody");
            groups.give(group, topic, 0, "m");
            int generation = groups.generation(group);

            assertThat(state(() -> commit(connection, "m", generation, 0, 3)))
                    .as("a group the snapshot does not show")
                    .isEqualTo("40001");
            connection.rollback();
            work(connection, "m");
            groups.give(group, topic, 1, "m");
            int later = groups.generation(group);
            assertThat(state(() -> commit(connection, "m", later, 1, 3)))
                    .as("a partition of the group the snapshot does not show")
                    .isEqualTo("40001");
            connection.rollback();
            work(connection, "m");
            commit(connection, "m", later, 1, 3);
            connection.commit();
        }
        assertThat(committedOffset(1)).isEqualTo("3");
    }

    @ParameterizedTest
    @ValueSource(ints = {Connection.TRANSACTION_REPEATABLE_READ, Connection.TRANSACTION_SERIALIZABLE})
    void aFixedSnapshotDoesNotSeeTheLogEndOrTopicsOfToday(int isolation) throws Exception {
        groups.join(group, "m", "somebody");
        groups.give(group, topic, 0, "m");
        int generation = groups.generation(group);
        try (Connection connection = transaction(isolation);
                TestLog log = new TestLog(database.database())) {
            work(connection, "m");
            Topic younger = log.topic(1, Map.of());
            log.append(log.topics().find(topic), TestLog.batch(0, "a"));

            assertThat(state(() -> commit(connection, "m", generation, 0, END + 1)))
                    .isEqualTo("40001");
            connection.rollback();
            commit(connection, "m", generation, 0, END + 1);
            connection.commit();
            work(connection, "m");
            Topic youngest = log.topic(1, Map.of());
            assertThat(state(() ->
                            commit(connection, "m", generation, youngest.name(), new Integer[] {0}, new Long[] {0L})))
                    .isEqualTo("40001");
            connection.rollback();
            assertThat(state(() ->
                            commit(connection, "m", generation, younger.name(), new Integer[] {0}, new Long[] {0L})))
                    .isEqualTo("TM022");
            connection.rollback();
            assertThat(state(() -> commit(connection, "m", generation, "no-topic", new Integer[] {0}, new Long[] {0L})))
                    .isEqualTo("TM003");
            connection.rollback();
        }
        assertThat(database.string("select count(*) from tidemark_internal.topic where name = 'no-topic'"))
                .isEqualTo("0");
    }

    @ParameterizedTest
    @ValueSource(ints = {Connection.TRANSACTION_REPEATABLE_READ, Connection.TRANSACTION_SERIALIZABLE})
    void aCommitAfterItsGroupWasDeletedIsRefusedWhateverTheSnapshotShows(int isolation) throws Exception {
        try (Connection first = transaction(Connection.TRANSACTION_READ_COMMITTED)) {
            commit(first, null, null, 0, 1);
            first.commit();
        }
        try (Connection connection = transaction(isolation);
                TestLog log = new TestLog(database.database());
                GroupOffsets offsets = TestOffsets.of(database, log)) {
            work(connection, "m");
            offsets.delete(group);

            assertThat(state(() -> commit(connection, null, null, 0, 3))).isEqualTo("40001");
            connection.rollback();
            commit(connection, null, null, 0, 3);
            connection.commit();
            assertThat(committedOffset(0)).isEqualTo("3");
        }
    }

    @Test
    void aZombiesRecordsAreNotAppendedEither() throws Exception {
        groups.join(group, "zombie", "somebody");
        groups.give(group, topic, 0, "zombie");
        int generation = groups.generation(group);
        groups.join(group, "new", "somebody");
        groups.give(group, topic, 0, "new");
        try (Connection connection = transaction(Connection.TRANSACTION_READ_COMMITTED)) {
            work(connection, "zombie");
            assertThat(state(() -> commitWithRecords(connection, "zombie", generation, "somebody")))
                    .isEqualTo("TM022");
            connection.rollback();
            int now = groups.generation(group);
            assertThat(state(() -> commitWithRecords(connection, "new", now, "somebody else")))
                    .isEqualTo("TM030");
            connection.rollback();
            commitWithRecords(connection, "new", now, "somebody");
            connection.commit();
        }
        assertThat(database.string("select kind from tidemark.offset_commits where group_id = '" + group + "'"))
                .isEqualTo("atomic");
        assertThat(database.string("select count(*) from business")).isEqualTo("0");
    }

    private void commitWithRecords(Connection connection, String memberId, int generation, String principal)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "select tidemark_internal.commit_group_offsets(?, ?, ?, array[?], array[0], array[3]::bigint[], array[7], array['here'], ?, ?)")) {
            statement.setString(1, group);
            statement.setString(2, memberId);
            statement.setInt(3, generation);
            statement.setString(4, topic);
            statement.setString(5, principal);
            statement.setNull(6, java.sql.Types.BIGINT);
            statement.execute();
        }
    }

    @Test
    void aRebalanceThatDoesNotTouchThePartitionDisturbsNoCommit() throws Exception {
        groups.join(group, "m", "somebody");
        groups.give(group, topic, 0, "m");
        int generation = groups.generation(group);
        groups.beginGeneration(group);
        try (Connection connection = transaction(Connection.TRANSACTION_READ_COMMITTED)) {
            commit(connection, "m", generation, 0, 3);
            commit(connection, "m", generation + 1, 0, 4);
            connection.commit();
            assertThat(state(() -> commit(connection, "m", generation - 1, 0, 5)))
                    .isEqualTo("TM022");
            connection.rollback();
            assertThat(state(() -> commit(connection, "m", generation + 2, 0, 5)))
                    .isEqualTo("TM022");
            connection.rollback();
        }
        assertThat(committedOffset(0)).isEqualTo("4");
    }

    @Test
    void whatIsRefusedLeavesTheTransactionUsableAfterASavepoint() throws Exception {
        try (Connection connection = transaction(Connection.TRANSACTION_READ_COMMITTED)) {
            work(connection, "m");
            Savepoint before = connection.setSavepoint();
            for (String refused : List.of(
                    "'g', null, null, '" + topic + "', array[0], array[-1]::bigint[]; TM042",
                    "'g', null, null, '" + topic + "', array[0, 0], array[1, 2]::bigint[]; TM042",
                    "'g', null, null, '" + topic + "', array[0], array[1, 2]::bigint[]; TM042",
                    "'g', null, null, '" + topic + "', '{}', '{}'; TM042",
                    "'g', null, null, '" + topic + "', null, null; TM042",
                    "'g', null, null, '" + topic + "', array[null]::int[], array[1]::bigint[]; TM042",
                    "'g', null, null, null, array[0], array[1]::bigint[]; TM042",
                    "'g', 'm', null, '" + topic + "', array[0], array[1]::bigint[]; TM042",
                    "'g', null, null, '" + topic + "', array[7], array[1]::bigint[]; TM003",
                    "'g', null, null, 'none', array[0], array[1]::bigint[]; TM003",
                    "'g', null, null, '" + topic + "', array[0], array[11]::bigint[]; TM001",
                    "'g', 'm', 1, '" + topic + "', array[0], array[1]::bigint[]; TM069",
                    "'', null, null, '" + topic + "', array[0], array[1]::bigint[]; TM024",
                    "null, null, null, '" + topic + "', array[0], array[1]::bigint[]; TM024",
                    "repeat('g', 250), null, null, '" + topic + "', array[0], array[1]::bigint[]; TM024",
                    "'g', null, null, '" + topic
                            + "', array[0], array[1]::bigint[], array[repeat('x', 4097)]; TM012")) {
                String[] parts = refused.split("; ");
                assertThat(state(() -> {
                            try (Statement statement = connection.createStatement()) {
                                statement.execute("select tidemark.commit_offsets(" + parts[0] + ")");
                            }
                        }))
                        .as(refused)
                        .isEqualTo(parts[1]);
                connection.rollback(before);
            }
            commit(connection, null, null, 0, END);
            connection.commit();
        }
        assertThat(committedOffset(0)).isEqualTo(Integer.toString(END));
        assertThat(database.string("select count(*) from business")).isEqualTo("1");
        assertThat(database.string("select count(*) from tidemark.consumer_groups where group_id = 'g'"))
                .isEqualTo("0");
    }

    @Test
    void rollingBackToASavepointGivesThePartitionFree() throws Exception {
        groups.join(group, "m", "somebody");
        groups.give(group, topic, 0, "m");
        try (Connection connection = transaction(Connection.TRANSACTION_READ_COMMITTED)) {
            work(connection, "m");
            Savepoint before = connection.setSavepoint();
            commit(connection, "m", groups.generation(group), 0, 3);
            assertThat(groups.give(group, topic, 0, null)).isFalse();
            connection.rollback(before);
            assertThat(groups.give(group, topic, 0, null)).isTrue();
            connection.commit();
        }
        assertThat(committedOffset(0)).isNull();
    }

    @Test
    void withoutAMemberTheGroupMustHaveNone() throws Exception {
        try (Connection connection = transaction(Connection.TRANSACTION_READ_COMMITTED)) {
            commit(connection, null, null, topic, new Integer[] {0, 1}, new Long[] {1L, 2L});
            connection.commit();
            groups.join(group, "m", "somebody");
            assertThat(state(() -> commit(connection, null, null, 0, 3))).isEqualTo("TM025");
            connection.rollback();
        }
    }

    @Test
    void theLockIsWaitedForAndTheCallersLockTimeoutIsAsItWas() throws Exception {
        groups.join(group, "m", "somebody");
        groups.give(group, topic, 0, "m");
        int generation = groups.generation(group);
        try (Connection taker = transaction(Connection.TRANSACTION_READ_COMMITTED);
                Connection owner = transaction(Connection.TRANSACTION_READ_COMMITTED)) {
            SqlGroups.hold(taker, group, topic, 0);
            CompletableFuture<Void> committed = CompletableFuture.runAsync(() -> {
                try {
                    commit(owner, "m", generation, 0, 3);
                } catch (SQLException e) {
                    throw new AssertionError(e);
                }
            });
            org.awaitility.Awaitility.await()
                    .atMost(20, TimeUnit.SECONDS)
                    .until(() -> database.string(
                                    "select count(*) from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())")
                            .equals("1"));
            taker.rollback();
            committed.get(20, TimeUnit.SECONDS);
            try (Statement statement = owner.createStatement();
                    ResultSet row = statement.executeQuery("show lock_timeout")) {
                row.next();
                assertThat(row.getString(1)).isEqualTo("0");
            }
            owner.commit();
        }
        assertThat(committedOffset(0)).isEqualTo("3");
    }

    @Test
    void onlyWritersMayCallItAndOnlyForTopicsTheyMayRead() throws Exception {
        String role = "somebody_" + UUID.randomUUID().toString().substring(0, 8);
        try (Connection connection = database.connect();
                Statement administrator = connection.createStatement()) {
            administrator.execute("create role " + role + " login password 'secret'");
            String url = database.jdbcUrl().replaceFirst("\\?.*", "?user=" + role + "&password=secret");
            try (Connection other = DriverManager.getConnection(url)) {
                administrator.execute("grant usage on schema tidemark to " + role);
                assertThat(state(() -> commit(other, null, null, 0, 1))).isEqualTo("42501");
                administrator.execute("grant execute on all functions in schema tidemark to " + role);
                assertThat(state(() -> commit(other, null, null, 0, 1))).isEqualTo("TM029");
                administrator.execute("grant select on topic.\"" + topic + "\" to " + role);
                commit(other, null, null, 0, 1);
                administrator.execute("revoke execute on all functions in schema tidemark from " + role);
                assertThat(state(() -> commit(other, null, null, 0, 1))).isEqualTo("42501");
                administrator.execute("grant tidemark_writer to " + role);
                commit(other, null, null, 0, 2);
            } finally {
                // PostgreSQL 16 and later: who makes a role administers it, and is no member of it.
                administrator.execute("grant " + role + " to current_user");
                administrator.execute("drop owned by " + role);
                administrator.execute("drop role " + role);
            }
        }
        assertThat(database.string(
                        "select string_agg(distinct principal, ',') from tidemark.offset_commits where group_id = '"
                                + group + "'"))
                .isEqualTo(role);
    }
}
