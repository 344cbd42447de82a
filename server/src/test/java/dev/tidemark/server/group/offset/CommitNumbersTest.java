package dev.tidemark.server.group.offset;

import static dev.tidemark.server.log.TestLog.TIMEOUT_SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.CommitOffsetsRequest;
import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.testing.SqlGroups;
import dev.tidemark.server.testing.TestDatabase;
import dev.tidemark.server.topic.Topic;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Commits that are carried out when the client has repeated them and gone on. */
@Timeout(120)
class CommitNumbersTest {
    private static final int END = 300;

    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private final SqlGroups groups = new SqlGroups(database);
    private TestLog log;
    private GroupOffsets offsets;
    private Topic topic;
    private String group;
    private int generation;

    @BeforeEach
    void aMemberThatOwnsTwoPartitions() throws Exception {
        log = new TestLog(database.database());
        offsets = TestOffsets.of(database, log);
        topic = log.topic(2, Map.of());
        group = "group of " + topic.name();
        String[] values = IntStream.range(0, END).mapToObj(Integer::toString).toArray(String[]::new);
        log.append(topic, TestLog.batch(0, values), TestLog.batch(1, values));
        groups.join(group, "m", "somebody");
        groups.give(group, topic.name(), 0, "m");
        groups.give(group, topic.name(), 1, "m");
        generation = groups.generation(group);
    }

    @AfterEach
    void close() {
        offsets.close();
        log.close();
    }

    private CompletableFuture<Void> commit(Long number, long... committed) {
        return commit("m", number, committed);
    }

    private CompletableFuture<Void> commit(String memberId, Long number, long... committed) {
        return offsets.commit(
                group, TestOffsets.request(memberId, generation, number, topic.name(), committed), "somebody");
    }

    private static void get(CompletableFuture<Void> commit) throws Exception {
        commit.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }

    private long committed(int partition) {
        return offsets.committed(group, null).stream()
                .filter(position -> position.partition() == partition)
                .mapToLong(CommittedPosition::committedOffset)
                .findFirst()
                .orElse(-1);
    }

    /** As a server does with records, up to COMMIT. */
    private void commitWithRecords(Connection connection, long number, long committed) throws SQLException {
        connection.setAutoCommit(false);
        try (PreparedStatement statement = connection.prepareStatement(
                "select tidemark_internal.commit_group_offsets(?, 'm', ?, array[?], array[0], array[?], null, null, 'somebody', ?)")) {
            statement.setString(1, group);
            statement.setInt(2, generation);
            statement.setString(3, topic.name());
            statement.setLong(4, committed);
            statement.setLong(5, number);
            statement.execute();
        }
    }

    @Test
    void aLateCommitIsAnsweredAsCommittedAndTakesNothingBack() throws Exception {
        get(commit(2L, 200));
        get(commit(1L, 100, 50));

        assertThat(committed(0)).isEqualTo(200);
        assertThat(committed(1)).as("of another partition nothing later counts").isEqualTo(50);
        assertThat(database.string("select count(*) from tidemark.offset_commits where partition = 0 and group_id = '"
                        + group + "'"))
                .isEqualTo("1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"1 2", "2 1", "1 2 1", "3 1 2"})
    void ofNumberedCommitsThatAreWrittenTogetherTheGreatestCounts(String order) throws Exception {
        long[] numbers =
                Arrays.stream(order.split(" ")).mapToLong(Long::parseLong).toArray();
        List<CompletableFuture<Void>> commits = new ArrayList<>();
        try (Connection taker = database.connect()) {
            taker.setAutoCommit(false);
            SqlGroups.hold(taker, group, topic.name(), 0);
            for (long number : numbers) {
                commits.add(commit(number, 100 * number));
            }
            // Whoever waits is tried again every few milliseconds; one that comes behind them says that all were.
            get(offsets.commit("other " + group, TestOffsets.request(topic.name(), 1), "somebody"));
            taker.rollback();
        }
        for (CompletableFuture<Void> commit : commits) {
            get(commit);
        }

        assertThat(committed(0)).isEqualTo(100 * Arrays.stream(numbers).max().orElseThrow());
        assertThat(database.string("select count(distinct c.xmin::text) from tidemark_internal.offset_commit c"
                        + " join tidemark_internal.group_partition using (group_partition_id)"
                        + " join tidemark_internal.consumer_group g using (group_id) where g.name = '" + group + "'"))
                .as("database transactions")
                .isEqualTo("1");
    }

    @Test
    void aRepetitionIsCommittedAndALaterCommitMayGoBack() throws Exception {
        get(commit(5L, 200, 200));
        get(commit(5L, 200, 200));
        assertThat(committed(0)).isEqualTo(200);

        get(commit(6L, 20));

        assertThat(committed(0)).as("the application has sought back").isEqualTo(20);
        get(commit(5L, 200, 200));
        assertThat(committed(0)).isEqualTo(20);
    }

    @Test
    void numbersOfOtherMembersAreNotCompared() throws Exception {
        get(commit(9L, 100));
        groups.join(group, "next", "somebody");
        groups.give(group, topic.name(), 0, "next");
        generation = groups.generation(group);

        get(commit("next", 1L, 150));

        assertThat(committed(0)).isEqualTo(150);
    }

    @Test
    void withoutANumberTheLastToBeCarriedOutCounts() throws Exception {
        get(commit(2L, 200));
        get(commit(null, 100));
        assertThat(committed(0)).isEqualTo(100);
        get(commit(1L, 50));
        assertThat(committed(0)).isEqualTo(50);
    }

    @Test
    void aNumberIsAMembersAndNotNegative() {
        assertThatThrownBy(
                        () -> offsets.commit(group, TestOffsets.request(null, null, 1L, topic.name(), 1), "somebody"))
                .isInstanceOfSatisfying(ApiException.class, refused -> {
                    assertThat(refused.error()).isEqualTo(ErrorCode.INVALID_REQUEST);
                    assertThat(refused.detail()).contains("\"commit_number\"", "\"member_id\"");
                });
        assertThatThrownBy(() -> commit(-1L, 1)).isInstanceOfSatisfying(ApiException.class, refused -> {
            assertThat(refused.error()).isEqualTo(ErrorCode.INVALID_REQUEST);
            assertThat(refused.detail()).contains("from 0", "-1");
        });
    }

    @Test
    void aCommitByHttpWaitsForOneOfTheSameMemberThatIsUnderWay() throws Exception {
        groups.join(group, "other", "somebody");
        groups.give(group, topic.name(), 1, "other");
        CompletableFuture<Void> late;
        try (Connection server = database.connect()) {
            commitWithRecords(server, 2, 200);
            late = commit(1L, 100);

            generation = groups.generation(group);
            get(offsets.commit(
                    group,
                    new CommitOffsetsRequest(
                            "other",
                            generation,
                            1L,
                            TestOffsets.request(topic.name(), 0, 7).offsets().subList(1, 2)),
                    "somebody"));
            assertThat(late).isNotDone();
            server.commit();
        }
        get(late);

        assertThat(committed(0)).isEqualTo(200);
        assertThat(committed(1)).isEqualTo(7);
    }

    @Test
    void aCommitWithRecordsWaitsForOneOfTheSameMemberThatIsUnderWay() throws Exception {
        try (Connection first = database.connect();
                Connection second = database.connect()) {
            commitWithRecords(first, 2, 200);
            CompletableFuture<Void> late = CompletableFuture.runAsync(() -> {
                try {
                    commitWithRecords(second, 1, 100);
                    second.commit();
                } catch (SQLException e) {
                    throw new AssertionError(e);
                }
            });
            await().atMost(TIMEOUT_SECONDS, TimeUnit.SECONDS)
                    .pollInterval(Duration.ofMillis(5))
                    .until(() -> database.string(
                                    "select count(*) from pg_locks where not granted and locktype = 'advisory'"
                                            + " and classid = 'tidemark_internal.group_member'::regclass"
                                            + " and database = (select oid from pg_database where datname = current_database())")
                            .equals("1"));
            first.commit();
            get(late);
        }
        assertThat(committed(0)).isEqualTo(200);
    }

    @Test
    void whereTheOneUnderWayIsRolledBackTheOneThatWaitedCounts() throws Exception {
        CompletableFuture<Void> waiting;
        try (Connection server = database.connect()) {
            commitWithRecords(server, 2, 200);
            waiting = commit(1L, 100);
            server.rollback();
        }
        get(waiting);
        assertThat(committed(0)).isEqualTo(100);
    }

    @Test
    void aServerThatStandsStillWithACommitLosesItsSession() throws Exception {
        try (Connection server = database.connect()) {
            commitWithRecords(server, 2, 200);

            await().atMost(TIMEOUT_SECONDS, TimeUnit.SECONDS).until(() -> {
                try {
                    get(commit(3L, 250));
                    return true;
                } catch (ExecutionException busy) {
                    assertThat(((ApiException) busy.getCause()).error()).isEqualTo(ErrorCode.BROKER_NOT_AVAILABLE);
                    return false;
                }
            });
            assertThatThrownBy(server::commit).isInstanceOf(SQLException.class);
        }
        assertThat(committed(0)).isEqualTo(250);
    }

    @Test
    void numberedCommitsAreNotWrittenTogetherBeyondTheLocksThatMayBeTaken() throws Exception {
        List<CompletableFuture<Void>> commits = new ArrayList<>();
        try (Connection taker = database.connect()) {
            taker.setAutoCommit(false);
            SqlGroups.hold(taker, group, topic.name(), 0);
            for (long n = 1; n <= 600; n++) {
                commits.add(commit(n, n % END));
            }
            get(offsets.commit("other " + group, TestOffsets.request(topic.name(), 1), "somebody"));
            taker.rollback();
        }
        for (CompletableFuture<Void> commit : commits) {
            get(commit);
        }
        assertThat(database.string("select max(n) from (select count(*) as n from tidemark_internal.offset_commit c"
                        + " join tidemark_internal.group_partition using (group_partition_id)"
                        + " join tidemark_internal.consumer_group g using (group_id) where g.name = '" + group
                        + "' group by c.xmin::text) t"))
                .as("each takes a partition's lock and a member's")
                .isEqualTo("500");
    }

    @Test
    void lookupsOfNumberedCommitsStayByIndexWhileAnOldSnapshotIsHeldOpen() throws Exception {
        get(commit(0L, 0, 0));
        try (Connection old = database.connect();
                Statement statement = old.createStatement()) {
            old.setAutoCommit(false);
            old.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            statement.execute("select count(*) from tidemark.offset_commits");
            long before = PagesRead.of(database, numberedCommit());

            List<CompletableFuture<Void>> commits = new ArrayList<>();
            for (long n = 1; n <= 20_000; n++) {
                commits.add(commit(n, n % END));
                if (n % 1_000 == 0) {
                    for (CompletableFuture<Void> commit : commits) {
                        get(commit);
                    }
                    commits.clear();
                }
            }
            // A level or two more of the index, not the 20,000 rows.
            assertThat(PagesRead.of(database, numberedCommit()))
                    .as("pages a commit looks at, %s before", before)
                    .isLessThan(before + 40);
            statement.executeQuery("select 1");
        }
    }

    private String numberedCommit() {
        return "select * from tidemark_internal.record_offset_commits(array[1], array['" + group
                + "'], array['m'], array["
                + generation + "], array['somebody'], array['" + topic.name()
                + "'], array[0], array[5]::bigint[], array[null]::int[], array[null]::text[], array[30000]::bigint[], null, false)";
    }
}
