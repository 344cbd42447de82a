package dev.tidemark.server.group.offset;

import static dev.tidemark.server.log.TestLog.TIMEOUT_SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.CommitOffsetsRequest;
import dev.tidemark.server.group.GroupLimits;
import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.postgres.DatabaseConfig;
import dev.tidemark.server.testing.CuttingProxy;
import dev.tidemark.server.testing.SqlGroups;
import dev.tidemark.server.testing.TestDatabase;
import dev.tidemark.server.topic.Topic;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Commits of many clients, in one database transaction after another. */
@Timeout(120)
class OffsetCommitterTest {
    private static final int END = 1_000;

    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private final SqlGroups groups = new SqlGroups(database);
    private TestLog log;
    private GroupOffsets offsets;
    private Topic topic;
    private String group;

    @BeforeEach
    void open() throws Exception {
        log = new TestLog(database.database());
        offsets = TestOffsets.of(database, log);
        topic = log.topic(2, Map.of());
        group = "group of " + topic.name();
        String[] values = IntStream.range(0, END).mapToObj(Integer::toString).toArray(String[]::new);
        log.append(topic, TestLog.batch(0, values), TestLog.batch(1, values));
    }

    @AfterEach
    void close() {
        offsets.close();
        log.close();
    }

    private CompletableFuture<Void> commit(CommitOffsetsRequest request) {
        return offsets.commit(group, request, "somebody");
    }

    private static void get(CompletableFuture<Void> commit) throws Exception {
        commit.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }

    private static ApiException refusal(CompletableFuture<Void> commit) throws Exception {
        try {
            get(commit);
        } catch (ExecutionException e) {
            return (ApiException) e.getCause();
        }
        throw new AssertionError("it was not refused");
    }

    private long committed(int partition) {
        return offsets.committed(group, null).stream()
                .filter(position -> position.partition() == partition)
                .mapToLong(CommittedPosition::committedOffset)
                .findFirst()
                .orElse(-1);
    }

    private double transactions() {
        return log.metrics.get("tidemark.group.commit.transaction").timer().count();
    }

    @Test
    void commitsThatComeWhileTheDatabaseIsBusyAreWrittenTogetherInTheirOrder() throws Exception {
        get(commit(TestOffsets.request(topic.name(), 0, 0)));
        double before = transactions();
        List<CompletableFuture<Void>> commits = new ArrayList<>();
        for (int n = 1; n <= END; n++) {
            commits.add(commit(TestOffsets.request(topic.name(), n, END - n)));
        }
        for (CompletableFuture<Void> commit : commits) {
            get(commit);
        }
        assertThat(transactions() - before).isLessThan(END / 2.0);
        assertThat(committed(0)).isEqualTo(END);
        assertThat(committed(1)).isZero();
        assertThat(database.string(
                        "select count(*) || ' ' || count(*) filter (where committed_offset <> n - 1) from (select committed_offset, row_number() over (order by commit_sequence) as n"
                                + " from tidemark.offset_commits where partition = 0 and group_id = '" + group
                                + "') c"))
                .isEqualTo(END + 1 + " 0");
    }

    @Test
    void oneRefusedRequestHarmsNoneThatIsWrittenWithIt() throws Exception {
        groups.join("with member " + group, "m", "somebody");
        List<CompletableFuture<Void>> good = new ArrayList<>();
        List<CompletableFuture<Void>> bad = new ArrayList<>();
        for (int n = 1; n <= 100; n++) {
            good.add(commit(TestOffsets.request(topic.name(), n)));
            bad.add(commit(TestOffsets.request(topic.name(), n, END + 1)));
            bad.add(offsets.commit("no " + group, TestOffsets.request("m", 1, topic.name(), n), "somebody"));
            bad.add(commit(TestOffsets.request("no-such-topic", n)));
            bad.add(offsets.commit("with member " + group, TestOffsets.request("m", 1, topic.name(), n), "somebody"));
        }
        for (CompletableFuture<Void> commit : good) {
            get(commit);
        }
        List<ErrorCode> errors = new ArrayList<>();
        for (CompletableFuture<Void> commit : bad) {
            errors.add(refusal(commit).error());
        }
        assertThat(errors.subList(396, 400))
                .containsExactly(
                        ErrorCode.OFFSET_OUT_OF_RANGE,
                        ErrorCode.GROUP_ID_NOT_FOUND,
                        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                        ErrorCode.ILLEGAL_GENERATION);
        assertThat(committed(0)).isEqualTo(100);
        assertThat(committed(1)).isEqualTo(-1);
    }

    @Test
    void aPartitionThatIsBeingGivenAwayHoldsUpNobodyElse() throws Exception {
        get(commit(TestOffsets.request(topic.name(), 1, 1)));
        String other = "other " + group;
        try (Connection taker = database.connect()) {
            taker.setAutoCommit(false);
            SqlGroups.hold(taker, group, topic.name(), 0);
            CompletableFuture<Void> held = commit(TestOffsets.request(topic.name(), 2, 2));

            get(offsets.commit(other, TestOffsets.request(topic.name(), 7), "somebody"));
            assertThat(held).isNotDone();
            taker.rollback();
            get(held);
            assertThat(committed(0)).isEqualTo(2);

            SqlGroups.hold(taker, group, topic.name(), 0);
            ApiException refused = refusal(commit(TestOffsets.request(topic.name(), 3, 3)));
            assertThat(refused.error()).isEqualTo(ErrorCode.BROKER_NOT_AVAILABLE);
            taker.rollback();
        }
        assertThat(committed(1)).isEqualTo(2);
    }

    @Test
    void aGroupThatAnApplicationIsMakingHoldsUpNobodyElse() throws Exception {
        try (Connection application = database.connect();
                Statement statement = application.createStatement()) {
            application.setAutoCommit(false);
            statement.execute("select tidemark.commit_offsets('" + group + "', null, null, '" + topic.name()
                    + "', array[0], array[1]::bigint[])");

            assertThat(refusal(commit(TestOffsets.request(topic.name(), 2))).error())
                    .isEqualTo(ErrorCode.BROKER_NOT_AVAILABLE);
            get(offsets.commit("other " + group, TestOffsets.request(topic.name(), 7), "somebody"));
            application.commit();
        }
        get(commit(TestOffsets.request(topic.name(), 2)));
        assertThat(committed(0)).isEqualTo(2);
    }

    @Test
    void manyCommitsIntoAGroupThatAnApplicationIsMakingWaitInVainOnce() throws Exception {
        try (Connection application = database.connect();
                Statement statement = application.createStatement()) {
            application.setAutoCommit(false);
            statement.execute("select tidemark.commit_offsets('" + group + "', null, null, '" + topic.name()
                    + "', array[0], array[1]::bigint[])");
            List<CompletableFuture<Void>> refused = new ArrayList<>();
            for (int n = 0; n < 900; n++) {
                refused.add(commit(TestOffsets.request(topic.name(), n)));
            }

            // One after the other they would take a minute and a half.
            get(offsets.commit("other " + group, TestOffsets.request(topic.name(), 7), "somebody"));
            for (CompletableFuture<Void> commit : refused) {
                assertThat(refusal(commit).error()).isEqualTo(ErrorCode.BROKER_NOT_AVAILABLE);
            }
            application.rollback();
        }
    }

    @Test
    void ofConcurrentOwnersTheLaterOnesCommitsCountWhateverTheOrderTheyCameIn() throws Exception {
        List<String> members = List.of("a", "b", "c");
        for (String member : members) {
            groups.join(group, member, "somebody");
        }
        groups.give(group, topic.name(), 0, "a");
        AtomicBoolean stop = new AtomicBoolean();
        List<CompletableFuture<Void>> zombies = members.stream()
                .map(member -> CompletableFuture.runAsync(() -> commitUntil(stop, member)))
                .toList();
        try {
            for (int turn = 1; turn <= 30; turn++) {
                String next = members.get(turn % members.size());
                await().atMost(TIMEOUT_SECONDS, TimeUnit.SECONDS)
                        .pollInterval(Duration.ofMillis(1))
                        .until(() -> groups.give(group, topic.name(), 0, next));
                String owner = next;
                int given = groups.generation(group);
                await().atMost(TIMEOUT_SECONDS, TimeUnit.SECONDS)
                        .pollInterval(Duration.ofMillis(1))
                        .until(() -> database.string(
                                        "select count(*) > 0 from tidemark.offset_commits where group_id = '" + group
                                                + "' and member_id = '" + owner + "' and generation_id >= " + given)
                                .equals("t"));
            }
        } finally {
            stop.set(true);
        }
        for (CompletableFuture<Void> zombie : zombies) {
            zombie.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
        }
        // In the order of sequences, owners follow each other as they owned the partition: none comes back after its
        // turn.
        String outOfTurn = database.string("""
                select count(*)
                from tidemark.offset_commits c
                where c.group_id = '%s' and c.commit_sequence > (
                    select min(l.commit_sequence) from tidemark.offset_commits l
                    join tidemark.partition_owners later on later.group_id = l.group_id and later.member_id = l.member_id
                        and l.committed_at between later.owned_from and coalesce(later.owned_until, 'infinity')
                    join tidemark.partition_owners own on own.group_id = c.group_id and own.member_id = c.member_id
                        and c.committed_at between own.owned_from and coalesce(own.owned_until, 'infinity')
                    where l.group_id = c.group_id and later.owned_from >= own.owned_until)
                """.formatted(group));
        assertThat(outOfTurn).isEqualTo("0");
        assertThat(database.string("select count(*) from tidemark.offset_commits c where group_id = '" + group
                        + "' and not exists (select from tidemark.partition_owners o where o.group_id = c.group_id and o.member_id = c.member_id"
                        + " and c.committed_at between o.owned_from and coalesce(o.owned_until, 'infinity'))"))
                .as("commits of members while they did not own the partition")
                .isEqualTo("0");
    }

    private void commitUntil(AtomicBoolean stop, String member) {
        int n = 0;
        while (!stop.get()) {
            try {
                get(commit(TestOffsets.request(member, groups.generation(group), topic.name(), n++ % END)));
            } catch (ExecutionException refused) {
                assertThat(refused.getCause())
                        .isInstanceOfSatisfying(
                                ApiException.class,
                                why -> assertThat(why.error()).isEqualTo(ErrorCode.ILLEGAL_GENERATION));
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        }
    }

    @Test
    void whereTheAnswerToACommitIsLostTheOutcomeIsUnknownAndTheCommitMayBeRepeated() throws Exception {
        DatabaseConfig direct = database.config();
        try (CuttingProxy proxy = new CuttingProxy(direct.jdbcUrl());
                Database cut = Database.open(
                        DatabaseConfig.of(proxy.jdbcUrl() + "&prepareThreshold=0"),
                        new SimpleMeterRegistry(),
                        Duration.ofSeconds(10));
                GroupOffsets others = new GroupOffsets(
                        cut, log.topics(), log.log(), GroupOffsets.Retention.DEFAULT, new SimpleMeterRegistry())) {
            others.commit(group, TestOffsets.request(topic.name(), 1), "somebody")
                    .get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
            proxy.cutAnswerTo("record_offset_commits");
            ApiException unknown = refusal(others.commit(group, TestOffsets.request(topic.name(), 2), "somebody"));
            assertThat(unknown.error()).isEqualTo(ErrorCode.REQUEST_TIMED_OUT);
            assertThat(unknown.error().retriable()).isTrue();
            assertThat(proxy.hasCut()).isTrue();
            others.commit(group, TestOffsets.request(topic.name(), 2), "somebody")
                    .get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
        }
        assertThat(committed(0)).isEqualTo(2);
    }

    @Test
    void aFullQueueRefusesAndLosesNothing() throws Exception {
        get(commit(TestOffsets.request(topic.name(), 0, 0)));
        try (GroupOffsets small = new GroupOffsets(
                        database.database(),
                        log.topics(),
                        log.log(),
                        GroupOffsets.Retention.DEFAULT,
                        GroupLimits.DEFAULT,
                        2_000,
                        new SimpleMeterRegistry());
                Connection taker = database.connect()) {
            taker.setAutoCommit(false);
            SqlGroups.hold(taker, group, topic.name(), 0);
            List<CompletableFuture<Void>> waiting = new ArrayList<>();
            assertThatThrownBy(() -> {
                        for (int n = 1; n <= 100; n++) {
                            waiting.add(small.commit(group, TestOffsets.request(topic.name(), n), "somebody"));
                        }
                    })
                    .isInstanceOfSatisfying(
                            ApiException.class,
                            full -> assertThat(full.error()).isEqualTo(ErrorCode.THROTTLING_QUOTA_EXCEEDED));
            assertThat(waiting).hasSizeBetween(2, 20);
            taker.rollback();
            for (CompletableFuture<Void> commit : waiting) {
                get(commit);
            }
            get(small.commit(group, TestOffsets.request(topic.name(), 50), "somebody"));
        }
        assertThat(committed(0)).isEqualTo(50);
    }

    @Test
    void aCommitOfMoreOffsetsThanMayBeLockedTogetherIsRefusedNamingTheBound() {
        Topic wide = log.topic(CommitOffsetsRequest.MAX_OFFSETS + 1, Map.of());

        assertThatThrownBy(() -> commit(TestOffsets.request(wide.name(), new long[wide.partitionCount()])))
                .isInstanceOfSatisfying(ApiException.class, refused -> {
                    assertThat(refused.error()).isEqualTo(ErrorCode.INVALID_REQUEST);
                    assertThat(refused.detail()).contains("1 to 1000 offsets", "not 1001");
                });
    }

    @Test
    void commitsThatWaitedForAPartitionAreNotWrittenTogetherBeyondTheBound() throws Exception {
        Topic wide = log.topic(600, Map.of());
        long[] zeros = new long[wide.partitionCount()];
        get(commit(TestOffsets.request(wide.name(), zeros)));
        List<CompletableFuture<Void>> commits = new ArrayList<>();
        try (Connection taker = database.connect()) {
            taker.setAutoCommit(false);
            SqlGroups.hold(taker, group, wide.name(), 0);
            for (int n = 0; n < 5; n++) {
                commits.add(commit(TestOffsets.request(wide.name(), zeros)));
            }
            // Whoever waits is tried again every few milliseconds; one that comes behind them says that all were.
            get(commit(TestOffsets.request(topic.name(), 1)));
            taker.rollback();
        }
        for (CompletableFuture<Void> commit : commits) {
            get(commit);
        }

        assertThat(database.string("select max(n) from (select count(*) as n from tidemark_internal.offset_commit c"
                        + " join tidemark_internal.group_partition using (group_partition_id)"
                        + " join tidemark_internal.partition p using (partition_id)"
                        + " where p.topic_id = " + wide.id() + " group by c.xmin::text) t"))
                .isEqualTo("600");
        assertThat(database.string("select count(*) from tidemark.offset_commits where topic = '" + wide.name() + "'"))
                .isEqualTo("3600");
    }

    @Test
    void whatIsQueuedIsCommittedBeforeItStopsAndNothingIsTakenAfterwards() throws Exception {
        List<CompletableFuture<Void>> commits = new ArrayList<>();
        for (int n = 1; n <= 200; n++) {
            commits.add(commit(TestOffsets.request(topic.name(), n)));
        }
        offsets.close();
        for (CompletableFuture<Void> commit : commits) {
            assertThat(commit).isCompleted();
        }
        assertThatThrownBy(() -> commit(TestOffsets.request(topic.name(), 1)))
                .isInstanceOfSatisfying(
                        ApiException.class,
                        stopped -> assertThat(stopped.error()).isEqualTo(ErrorCode.BROKER_NOT_AVAILABLE));
    }

    @Test
    void lookupsStayByIndexWhileAnOldSnapshotIsHeldOpen() throws Exception {
        get(commit(TestOffsets.request(topic.name(), 0, 0)));
        try (Connection old = database.connect();
                Statement statement = old.createStatement()) {
            old.setAutoCommit(false);
            old.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            statement.execute("select count(*) from tidemark.offset_commits");
            long before = buffersOfACommit();
            long readBefore =
                    PagesRead.of(database, "select * from tidemark_internal.committed_offsets('" + group + "', null)");

            List<CompletableFuture<Void>> commits = new ArrayList<>();
            for (int n = 0; n < 20_000; n++) {
                commits.add(commit(TestOffsets.request(topic.name(), n % END)));
                if (commits.size() == 1_000) {
                    for (CompletableFuture<Void> commit : commits) {
                        get(commit);
                    }
                    commits.clear();
                }
            }
            long after = buffersOfACommit();
            long readAfter =
                    PagesRead.of(database, "select * from tidemark_internal.committed_offsets('" + group + "', null)");
            // A level or two more of the index, not the 20,000 rows.
            assertThat(after).as("pages a commit looks at, %s before", before).isLessThan(before + 40);
            assertThat(readAfter)
                    .as("pages a look-up looks at, %s before", readBefore)
                    .isLessThan(readBefore + 20);
            statement.executeQuery("select 1");
        }
    }

    private long buffersOfACommit() throws SQLException {
        return PagesRead.of(
                database,
                "select * from tidemark_internal.record_offset_commits(array[1], array['" + group
                        + "'], array[null]::text[], array[null]::int[], array['x'], array['" + topic.name()
                        + "'], array[0], array[5]::bigint[], array[null]::int[], array[null]::text[], array[null]::bigint[], null, false)");
    }
}
