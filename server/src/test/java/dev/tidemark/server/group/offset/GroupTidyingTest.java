package dev.tidemark.server.group.offset;

import static dev.tidemark.server.log.TestLog.TIMEOUT_SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.testing.SqlGroups;
import dev.tidemark.server.testing.TestDatabase;
import dev.tidemark.server.topic.Topic;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What is deleted when it has been kept for long enough, and what never is. Time is made to pass by moving rows into the past. */
@Timeout(120)
class GroupTidyingTest {
    private static final String TABLES = "tidemark_internal.";

    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private final SqlGroups groups = new SqlGroups(database);
    private TestLog log;
    private GroupOffsets offsets;
    private Topic topic;
    private String group;

    @BeforeEach
    void open() throws Exception {
        execute("delete from tidemark_internal.housekeeping");
        log = new TestLog(database.database());
        offsets = TestOffsets.of(database, log, new GroupOffsets.Retention(Duration.ofDays(7), Duration.ofDays(1)));
        topic = log.topic(1, Map.of());
        group = "group of " + topic.name();
        log.append(topic, TestLog.batch(0, "a", "b", "c"));
    }

    @AfterEach
    void close() {
        offsets.close();
        log.close();
    }

    private void commit(long offset) throws Exception {
        offsets.commit(group, TestOffsets.request(topic.name(), offset), "somebody")
                .get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static void pass(String interval) throws SQLException {
        execute("update " + TABLES + "offset_commit set committed_at = committed_at - interval '" + interval + "'");
        execute("update " + TABLES + "consumer_group set emptied_at = emptied_at - interval '" + interval + "'");
        execute("update " + TABLES + "past_member set left_at = left_at - interval '" + interval + "'");
        execute("update " + TABLES + "past_ownership set owned_from = owned_from - interval '" + interval
                + "', owned_until = owned_until - interval '" + interval + "'");
    }

    private static int count(String table) throws SQLException {
        return Integer.parseInt(database.string("select count(*) from " + TABLES + table));
    }

    private boolean exists() {
        return offsets.list().stream().anyMatch(one -> one.name().equals(group));
    }

    @Test
    void serverThatStandsStillBeforeAResetIsCommittedLosesTheGroupsLocks() throws Exception {
        commit(1);
        try (Connection stalled = database.connect();
                Statement statement = stalled.createStatement()) {
            stalled.setAutoCommit(false);
            statement.execute("select tidemark_internal.lock_empty_group('" + group + "')");

            await().ignoreExceptionsMatching(
                            e -> e instanceof ApiException refused && refused.error() == ErrorCode.BROKER_NOT_AVAILABLE)
                    .until(() -> {
                        offsets.delete(group);
                        return !exists();
                    });
            assertThatThrownBy(() -> statement.execute("select 1"))
                    .as("its session has ended")
                    .isInstanceOf(SQLException.class);
        }
    }

    @Test
    void aGroupThatNobodyUsesIsDeletedWithItsRowsAndOneThatIsUsedIsNot() throws Exception {
        commit(1);
        offsets.tidy();
        assertThat(exists()).isTrue();

        pass("6 days");
        commit(2);
        pass("6 days");
        offsets.tidy();
        assertThat(exists()).as("it has no members, but a commit of 6 days ago").isTrue();

        pass("6 days");
        groups.join(group, "m", "somebody");
        offsets.tidy();
        assertThat(exists()).as("it has a member").isTrue();
        groups.leave(group, "m", "left");
        offsets.tidy();
        assertThat(exists()).as("it had one until now").isTrue();

        pass("8 days");
        offsets.tidy();
        assertThat(exists()).isFalse();
        for (String table : new String[] {"consumer_group", "group_partition", "offset_commit", "past_member"}) {
            assertThat(count(table)).as(table).isZero();
        }
    }

    /** In a database transaction that stays open. */
    private void commitIn(Connection application, Topic of, long offset) throws SQLException {
        application.setAutoCommit(false);
        try (Statement statement = application.createStatement()) {
            statement.execute("select tidemark.commit_offsets('" + group + "', null, null, '" + of.name()
                    + "', array[0], array[" + offset + "]::bigint[])");
        }
    }

    @Test
    void aGroupWhoseOffsetsAreBeingCommittedIsNotDeleted() throws Exception {
        commit(1);
        pass("8 days");
        try (Connection application = database.connect()) {
            commitIn(application, topic, 2);
            offsets.tidy();
            assertThat(exists()).isTrue();
            application.commit();
        }
        offsets.tidy();
        assertThat(exists()).isTrue();
        offsets.delete(group);
        offsets.tidy();
    }

    @Test
    void aGroupThatIsInUseKeepsNoOtherFromBeingDeleted() throws Exception {
        commit(1);
        String later = "later " + group;
        offsets.commit(later, TestOffsets.request(topic.name(), 1), "somebody").get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
        pass("8 days");
        try (Connection application = database.connect()) {
            commitIn(application, topic, 2);
            offsets.tidy();

            assertThat(offsets.list()).extracting(Group::name).containsExactly(group);
            application.commit();
        }
        offsets.delete(group);
        offsets.tidy();
    }

    @Test
    void aGroupWhoseFirstOffsetOfAPartitionIsBeingCommittedIsNotDeleted() throws Exception {
        Topic second = log.topic(1, Map.of());
        commit(1);
        pass("8 days");
        try (Connection application = database.connect()) {
            commitIn(application, second, 0);

            offsets.tidy();
            assertThat(exists()).isTrue();
            assertThatThrownBy(() -> offsets.delete(group)).isInstanceOfSatisfying(ApiException.class, refused -> {
                assertThat(refused.error()).isEqualTo(ErrorCode.BROKER_NOT_AVAILABLE);
                assertThat(refused.detail()).contains("are being committed");
            });
            application.commit();
        }
        offsets.tidy();
        assertThat(offsets.committed(group, null))
                .extracting(CommittedPosition::topic)
                .containsExactlyInAnyOrder(topic.name(), second.name());

        offsets.delete(group);
        offsets.tidy();
    }

    @Test
    void aCommitIntoAGroupThatExpiresMeanwhileIsRefusedAndMakesItAnewWhenItIsRepeated() throws Exception {
        Topic second = log.topic(1, Map.of());
        commit(1);
        pass("8 days");
        try (Connection housekeeping = database.connect();
                Statement expiry = housekeeping.createStatement()) {
            housekeeping.setAutoCommit(false);
            expiry.execute("select * from tidemark_internal.expire_groups("
                    + Duration.ofDays(7).toMillis() + ", 1)");
            CompletableFuture<Void> commit = CompletableFuture.runAsync(() -> {
                try {
                    execute("select tidemark.commit_offsets('" + group + "', null, null, '" + second.name()
                            + "', array[0], array[0]::bigint[])");
                } catch (SQLException e) {
                    throw new CompletionException(e);
                }
            });
            await().until(() -> database.string(
                            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like 'select tidemark.commit_offsets%'")
                    .equals("1"));
            housekeeping.commit();

            assertThat(commit)
                    .failsWithin(Duration.ofSeconds(TIMEOUT_SECONDS))
                    .withThrowableThat()
                    .withMessageContaining("deleted meanwhile");
        }
        execute("select tidemark.commit_offsets('" + group + "', null, null, '" + second.name()
                + "', array[0], array[0]::bigint[])");
        assertThat(offsets.committed(group, null))
                .extracting(CommittedPosition::topic)
                .containsExactly(second.name());
        offsets.delete(group);
        offsets.tidy();
    }

    @Test
    void inANewEpochOldCommitsAreLookedForFromTheBeginningAgain() throws Exception {
        for (int n = 0; n < 100; n++) {
            commit(n % 3);
        }
        pass("2 days");
        offsets.tidy();
        assertThat(count("offset_commit")).isEqualTo(1);
        execute("insert into " + TABLES
                + "offset_commit (commit_sequence, committed_at, committed_offset, group_partition_id)"
                + " select commit_sequence - 50, committed_at, 1, group_partition_id from " + TABLES
                + "offset_commit");
        offsets.tidy();
        assertThat(count("offset_commit"))
                .as("this server has deleted up to there already")
                .isEqualTo(2);

        log.log().beginLeaderEpoch("a restore");
        offsets.tidy();

        assertThat(count("offset_commit")).isEqualTo(1);
        offsets.delete(group);
        offsets.tidy();
    }

    @Test
    void commitsThatOthersFollowedAreDeletedWhenOldAndTheNewestNever() throws Exception {
        for (int n = 0; n < 5_000; n++) {
            offsets.commit(group, TestOffsets.request(topic.name(), n % 3), "somebody");
        }
        commit(2);
        pass("2 days");
        offsets.tidy();
        assertThat(count("offset_commit")).isEqualTo(1);
        assertThat(offsets.committed(group, null))
                .singleElement()
                .satisfies(one -> assertThat(one.committedOffset()).isEqualTo(2));

        commit(3);
        commit(1);
        offsets.tidy();
        assertThat(count("offset_commit"))
                .as("the first is old, the second is not")
                .isEqualTo(2);
        assertThat(offsets.committed(group, null).get(0).committedOffset()).isEqualTo(1);
        offsets.delete(group);
        offsets.tidy();
    }

    @Test
    void whoWasAMemberAndOwnedWhatIsForgottenAfterAWhile() throws Exception {
        groups.join(group, "m", "somebody");
        groups.give(group, topic.name(), 0, "m");
        groups.give(group, topic.name(), 0, null);
        groups.leave(group, "m", "left");
        offsets.tidy();
        assertThat(count("past_member")).isEqualTo(1);
        assertThat(count("past_ownership")).isEqualTo(1);
        pass("2 days");
        offsets.tidy();
        assertThat(count("past_member")).isZero();
        assertThat(count("past_ownership")).isZero();
        offsets.delete(group);
        offsets.tidy();
    }

    @Test
    void whatGroupsHaveOfARemovedTopicGoesWithIt() throws Exception {
        commit(1);
        log.topics().delete(topic.name());
        offsets.tidy();
        assertThat(count("offset_commit")).as("the topic is being removed").isEqualTo(1);
        log.topics().dropDeleted();
        offsets.tidy();
        assertThat(count("offset_commit")).isZero();
        assertThat(count("group_partition")).isZero();
        assertThat(exists()).isTrue();
        offsets.delete(group);
        offsets.tidy();
    }

    @Test
    void whereGroupsAreKeptForEverNothingIsDeleted() throws Exception {
        commit(1);
        commit(2);
        pass("1000 days");
        try (GroupOffsets patient = TestOffsets.of(database, log, new GroupOffsets.Retention(null, null))) {
            patient.tidy();
        }
        assertThat(count("offset_commit")).isEqualTo(2);
        execute("delete from tidemark_internal.housekeeping");
        offsets.tidy();
        assertThat(exists()).isFalse();
    }

    @Test
    void ofTwoServersOneTidiesAtATime() throws Exception {
        try (GroupOffsets other = TestOffsets.of(database, log)) {
            other.tidy();
            commit(1);
            pass("8 days");
            offsets.tidy();
            assertThat(exists()).isTrue();
            other.tidy();
            assertThat(exists()).isFalse();
        }
    }
}
