package dev.tidemark.server.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.AlterTopicRequest;
import dev.tidemark.protocol.api.CreateTopicRequest;
import dev.tidemark.protocol.api.GroupAssignment;
import dev.tidemark.protocol.api.JoinGroupRequest;
import dev.tidemark.protocol.api.PartitionName;
import dev.tidemark.server.access.Principal;
import dev.tidemark.server.log.epoch.LeaderEpochs;
import dev.tidemark.server.log.tail.Tail;
import dev.tidemark.server.testing.TestDatabase;
import dev.tidemark.server.topic.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code docs/internals/groups.md} says of members, at two doors over one database that are asked in turn. */
@Timeout(60)
class GroupsTest {
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private static final AtomicInteger NAMES = new AtomicInteger();
    private static final AtomicInteger TURN = new AtomicInteger();

    private static Groups one;
    private static Groups other;
    private static Topics topics;

    private final String group = "group-" + NAMES.incrementAndGet();
    private final String topic = "topic-" + NAMES.get();

    @BeforeAll
    static void open() {
        one = groups();
        other = groups();
        one.start();
        other.start();
        topics = new Topics(database.database());
    }

    private static Groups groups() {
        return groups(System::nanoTime);
    }

    private static Groups groups(LongSupplier nanoTime) {
        SimpleMeterRegistry metrics = new SimpleMeterRegistry();
        LeaderEpochs epochs = new LeaderEpochs(database.database(), new Tail(0), metrics);
        return new Groups(database.database(), epochs, UUID.randomUUID(), GroupLimits.DEFAULT, metrics, nanoTime);
    }

    @AfterAll
    static void close() {
        one.close();
        other.close();
    }

    @AfterEach
    void nobodySharedAPartition() throws SQLException {
        Ownership.assertNeverShared(database);
    }

    private static Groups either() {
        return TURN.incrementAndGet() % 2 == 0 ? one : other;
    }

    private TestMember member(String id) {
        return member(TestMember.asking(id, topic));
    }

    private TestMember member(JoinGroupRequest join) {
        return new TestMember(GroupsTest::either, group, join);
    }

    private void createTopic(int partitions) {
        createTopic(topic, partitions);
    }

    private static void createTopic(String name, int partitions) {
        topics.create(new CreateTopicRequest(name, partitions, Map.of()));
    }

    private static void assertRefused(ErrorCode error, ThrowingCallable request, String... details) {
        assertThatThrownBy(request)
                .isInstanceOfSatisfying(
                        ApiException.class,
                        refused ->
                                assertThat(refused.error()).as(refused.detail()).isEqualTo(error))
                .satisfies(refused -> assertThat(details)
                        .allSatisfy(detail -> assertThat(refused).hasMessageContaining(detail)));
    }

    /** All of them beat until none has anything to wait for, or to let go of. */
    private static void settle(TestMember... members) {
        await().pollInterval(Duration.ofMillis(10)).until(() -> {
            boolean isSettled = true;
            Set<Integer> generations = new java.util.HashSet<>();
            for (TestMember member : members) {
                GroupAssignment told = member.beat();
                isSettled &= told.pending().isEmpty() && told.heartbeatIntervalMs() >= 1000;
                generations.add(told.generationId());
            }
            return isSettled && generations.size() == 1;
        });
    }

    /** Asks both doors, as whoever remembers the group may be late. */
    private static void awaitNews(TestMember member, int generation) {
        await().pollInterval(Duration.ofMillis(10))
                .until(() -> member.beat().generationId() == generation
                        && member.beat().generationId() == generation);
    }

    @Test
    void aGenerationToComeIsRefused() {
        createTopic(1);
        TestMember member = member("m").join();

        assertRefused(ErrorCode.ILLEGAL_GENERATION, () -> member.beat(2, member.reads()), "the generation 2", "is 1");
    }

    @Test
    void anOldGenerationLetsNothingGo() {
        createTopic(2);
        TestMember first = member("first").join();
        TestMember second = member("second").join();

        await().until(() -> first.beat(1, Set.of()).generationId() == 2);
        GroupAssignment told = first.beat(1, Set.of());

        assertThat(told.generationId()).isEqualTo(2);
        assertThat(told.assignments()).hasSize(1);
        assertThat(second.beat().pending()).as("first may read it still").hasSize(1);
        assertThat(told.heartbeatIntervalMs()).isLessThan(1000);
    }

    @Test
    void whatIsLetGoOfAtTheCurrentGenerationGoesOver() {
        createTopic(2);
        TestMember first = member("first").join();
        TestMember second = member("second").join();
        awaitNews(first, 2);
        first.beat();

        await().until(() -> !second.beat().assignments().isEmpty());
        assertThat(second.reads()).hasSize(1).doesNotContainAnyElementsOf(first.reads());
        settle(first, second);
    }

    /** As behind a balancer; the late server remembers the group as it was, for no time goes by there. */
    @Test
    void whatOneServerHasGivenAMemberIsNotTakenBackByAnotherThatIsLate() {
        createTopic(2);
        try (Groups late = groups(() -> 0);
                Groups prompt = groups()) {
            List<Groups> door = new ArrayList<>(List.of(late));
            TestMember first = new TestMember(() -> door.get(0), group, TestMember.asking("first", topic)).join();
            TestMember second = new TestMember(() -> door.get(0), group, TestMember.asking("second", topic)).join();
            assertThat(second.reads()).isEmpty();

            door.set(0, prompt);
            first.beat();
            first.beat();
            assertThat(second.beat().assignments()).hasSize(1);
            Set<PartitionName> given = second.reads();

            door.set(0, late);
            assertThat(Set.copyOf(second.beat().assignments())).isEqualTo(given);
        }
    }

    @Test
    void aPartitionTheMemberDoesNotOwnIsNotInTheAnswer() {
        createTopic(2);
        TestMember first = member("first").join();
        TestMember second = member("second").join();
        settle(first, second);

        GroupAssignment told = second.beat(
                second.generation(),
                Set.of(new PartitionName(topic, 0), new PartitionName(topic, 1), new PartitionName("no", 7)));

        assertThat(Set.copyOf(told.assignments())).isEqualTo(second.reads()).hasSize(1);
    }

    @Test
    void aPartitionThatIsNotNamedThoughItIsTheMembersIsToldAgain() {
        createTopic(2);
        TestMember member = member("m").join();

        assertThat(member.beat(1, Set.of()).assignments()).hasSize(2);
        assertThat(member.beat(0, Set.of()).assignments()).hasSize(2);
        assertThat(member.beat().assignments()).hasSize(2);
    }

    @Test
    void aJoinIsRepeatedWithoutHarm() throws SQLException {
        createTopic(3);
        TestMember first = member("first").join();
        TestMember second = member("second").join();
        settle(first, second);
        int hands = Ownership.changesOfHands(database);
        Set<PartitionName> before = first.reads();

        first.join();
        second.join();

        assertThat(first.reads()).isEqualTo(before);
        assertThat(first.generation()).isEqualTo(2);
        assertThat(Ownership.changesOfHands(database)).isEqualTo(hands);
    }

    @Test
    void aJoinWithAnotherSubscriptionChangesIt() {
        createTopic(2);
        String more = topic + "-more";
        createTopic(more, 1);
        TestMember member = member("m").join();

        TestMember changed = member(TestMember.asking("m", more)).join();

        assertThat(changed.generation()).isEqualTo(2);
        assertThat(changed.reads()).containsExactly(new PartitionName(more, 0));
        assertRefused(
                ErrorCode.INVALID_REQUEST,
                () -> member(TestMember.asStatic("m", "i", topic)).join(),
                "group_instance_id");
    }

    @Test
    void aStaticMembersSuccessorTakesItsPartitionsAndNothingElseMoves() {
        createTopic(4);
        TestMember dynamic = member("dynamic").join();
        TestMember before = member(TestMember.asStatic("before", "i", topic)).join();
        settle(dynamic, before);
        int generation = before.generation();

        TestMember after = member(TestMember.asStatic("after", "i", topic)).join();

        assertThat(after.reads()).isEqualTo(before.reads()).hasSize(2);
        assertThat(after.generation()).isEqualTo(generation);
        awaitNews(dynamic, generation);
        await().untilAsserted(() -> assertRefused(ErrorCode.FENCED_INSTANCE_ID, before::beat, "before"));
        assertRefused(ErrorCode.FENCED_INSTANCE_ID, before::join, "before");
        after.join();
        assertThat(after.generation()).isEqualTo(generation);
        before.leave();
        assertThat(after.beat().assignments()).as("it was gone before").hasSize(2);
    }

    @Test
    void anIdThatHasLeftIsUsedUp() {
        createTopic(1);
        TestMember member = member("m").join();
        member.leave();

        assertRefused(ErrorCode.UNKNOWN_MEMBER_ID, member::join, "it left", "another member_id");
        assertRefused(ErrorCode.UNKNOWN_MEMBER_ID, member::beat, "it left");
    }

    @Test
    void leavingTwiceIsNoErrorAndNeverHavingBeenThereIsOne() {
        createTopic(1);
        TestMember member = member("m").join();
        member.leave();
        member.leave();

        assertRefused(ErrorCode.UNKNOWN_MEMBER_ID, () -> member("never").leave(), "has no member");
        assertRefused(
                ErrorCode.GROUP_ID_NOT_FOUND,
                () -> one.leave("no-such-group", "m", Principal.ANONYMOUS),
                "no-such-group");
        assertRefused(
                ErrorCode.GROUP_ID_NOT_FOUND,
                () -> new TestMember(() -> one, "no", TestMember.asking("m", "t")).beat());
    }

    @Test
    void whoeverLeavesLeavesItsPartitionsToTheOthersAtOnce() {
        createTopic(4);
        TestMember first = member("first").join();
        TestMember second = member("second").join();
        settle(first, second);

        first.leave();

        await().until(() -> second.beat().assignments().size() == 4);
    }

    @Test
    void aGroupWithoutMembersKnowsSinceWhen() throws SQLException {
        createTopic(1);
        String emptiedAt = "select emptied_at from tidemark_internal.consumer_group where name = '" + group + "'";
        TestMember member = member("m").join();
        assertThat(database.string(emptiedAt)).isNull();
        member.leave();
        String since = database.string(emptiedAt);
        assertThat(since).isNotNull();
        member.leave();
        assertThat(database.string(emptiedAt)).isEqualTo(since);
    }

    @Test
    void aPartitionWhoseCommitIsUnderWayStaysItsOwnersUntilThatEnds() throws SQLException {
        createTopic(1);
        TestMember first = member("first").join();
        try (Connection application = database.connect();
                Statement statement = application.createStatement()) {
            application.setAutoCommit(false);
            statement.execute(
                    "select pg_advisory_xact_lock_shared('tidemark_internal.group_partition'::regclass::oid::int, group_partition_id)"
                            + " from tidemark_internal.group_partition join tidemark_internal.consumer_group using (group_id) where name = '"
                            + group + "'");
            first.leave();
            TestMember second = member("second").join();
            assertThat(second.reads()).isEmpty();
            GroupAssignment told = second.beat();
            assertThat(told.pending()).containsExactly(new PartitionName(topic, 0));
            assertThat(told.heartbeatIntervalMs()).isLessThan(1000);
            assertThat(owner()).isEqualTo("first");

            application.commit();

            await().until(() -> !second.beat().assignments().isEmpty());
            assertThat(second.reads()).containsExactly(new PartitionName(topic, 0));
            assertThat(owner()).isEqualTo("second");
        }
    }

    @Test
    void aFirstCommitOfAnOpenTransactionHoldsUpItsOwnPartitionOnly() throws SQLException {
        createTopic(2);
        TestMember before = member("before").join();
        before.leave();
        topics.alter(topic, new AlterTopicRequest(3, null));
        try (Connection application = database.connect();
                Statement statement = application.createStatement()) {
            application.setAutoCommit(false);
            statement.execute(
                    "select tidemark.commit_offsets('" + group + "', null, null, '" + topic + "', '{2}', '{0}')");

            TestMember member = member("m").join();
            assertThat(member.reads())
                    .containsExactlyInAnyOrder(new PartitionName(topic, 0), new PartitionName(topic, 1));
            assertThat(member.beat().pending()).containsExactly(new PartitionName(topic, 2));

            application.commit();
            await().until(() -> member.beat().assignments().size() == 3);
        }
    }

    @Test
    void aGroupThatAnOpenTransactionIsMakingIsJoinedLaterAndLeavesNobodyWaiting() throws SQLException {
        createTopic(1);
        try (Connection application = database.connect();
                Statement statement = application.createStatement()) {
            application.setAutoCommit(false);
            statement.execute(
                    "select tidemark.commit_offsets('" + group + "', null, null, '" + topic + "', '{0}', '{0}')");

            assertThatThrownBy(() -> member("m").join())
                    .isInstanceOfSatisfying(
                            ApiException.class,
                            refused -> assertThat(refused.error()).isEqualTo(ErrorCode.BROKER_NOT_AVAILABLE));
            assertThat(
                            database.string(
                                    "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"))
                    .isEqualTo("0");

            application.commit();
            assertThat(member("m").join().reads()).containsExactly(new PartitionName(topic, 0));
        }
    }

    private String owner() throws SQLException {
        return database.string(
                "select owner_member_id from tidemark_internal.group_partition join tidemark_internal.consumer_group using (group_id)"
                        + " where name = '" + group + "'");
    }

    @Test
    void aPatternPicksTopicsUpWhenTheyComeAndDropsThemWhenTheyGo() {
        TestMember member = member(TestMember.byPattern("m", topic + "-[a-c]")).join();
        assertThat(member.reads()).isEmpty();

        createTopic(topic + "-a", 2);
        createTopic(topic + "-x", 2);
        await().atMost(Duration.ofSeconds(10))
                .until(() -> member.beat().assignments().size() == 2);
        int generation = member.generation();

        topics.delete(topic + "-a");
        await().atMost(Duration.ofSeconds(10)).until(() -> member.beat().generationId() == generation + 1);
        assertThat(member.reads()).isEmpty();
        settle(member);
    }

    @Test
    void newPartitionsAreSharedOut() {
        createTopic(1);
        TestMember first = member("first").join();
        TestMember second = member("second").join();
        settle(first, second);

        topics.alter(topic, new AlterTopicRequest(4, Map.of()));

        await().atMost(Duration.ofSeconds(10))
                .until(() -> first.beat().assignments().size() == 2
                        && second.beat().assignments().size() == 2);
    }

    @Test
    void aTopicMadeAgainUnderItsNameIsReadAnew() throws SQLException {
        createTopic(1);
        TestMember member = member("m").join();
        topics.delete(topic);
        createTopic(2);

        await().atMost(Duration.ofSeconds(10))
                .until(() -> member.beat().assignments().size() == 2);
        settle(member);
        assertThat(database.string("select count(*) from tidemark_internal.group_partition gp"
                        + " join tidemark_internal.consumer_group g using (group_id) where g.name = '" + group
                        + "' and gp.owner_member_id is not null"))
                .isEqualTo("2");
    }

    @Test
    void aTopicThatConcernsNobodyBeginsNoGeneration() {
        createTopic(1);
        TestMember member = member("m").join();
        TestMember watcher =
                new TestMember(GroupsTest::either, group + "-watch", TestMember.byPattern("w", topic + "-.*")).join();
        createTopic(topic + "-elsewhere", 1);
        await().atMost(Duration.ofSeconds(10))
                .until(() -> watcher.beat().assignments().size() == 1);

        assertThat(member.beat().generationId()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"range", "roundrobin", "sticky"})
    void theAssignorIsTheOneAskedFor(String assignor) {
        createTopic(4);
        TestMember first = member(asking("first", assignor)).join();
        TestMember second = member(asking("second", assignor)).join();
        settle(first, second);

        if (assignor.equals("range")) {
            assertThat(first.numbers()).containsExactly(0, 1);
        } else if (assignor.equals("roundrobin")) {
            assertThat(first.numbers()).containsExactly(0, 2);
        }
        assertThat(first.reads()).hasSize(2);
        assertThat(second.reads()).hasSize(2);
    }

    private JoinGroupRequest asking(String id, String assignor) {
        return new JoinGroupRequest(id, List.of(topic), null, null, null, assignor, null, null, null);
    }

    @Test
    void moreMembersThanPartitionsLeaveSomeWithoutAny() {
        createTopic(2);
        List<TestMember> members = new ArrayList<>();
        IntStream.range(0, 5).forEach(i -> members.add(member("m" + i).join()));
        settle(members.toArray(TestMember[]::new));

        assertThat(members.stream().mapToInt(m -> m.reads().size()).sum()).isEqualTo(2);
    }

    /** As behind a balancer: no two requests of a member go to the same server, some are sent twice, and some from long ago come again. */
    @Test
    void noPartitionIsReadByTwoWhileMembersComeAndGo() throws SQLException {
        createTopic(12);
        Random random = new Random(3);
        List<TestMember> members = new ArrayList<>();
        int joined = 0;
        for (int step = 0; step < 400; step++) {
            int what = random.nextInt(20);
            if (what == 0 && members.size() < 5) {
                members.add(member("m" + joined++).join());
            } else if (what == 1 && members.size() > 1) {
                members.remove(random.nextInt(members.size())).leave();
            } else if (!members.isEmpty()) {
                TestMember member = members.get(random.nextInt(members.size()));
                Set<PartitionName> read = member.reads();
                int generation = member.generation();
                member.beat();
                if (random.nextInt(4) == 0) {
                    member.beat(generation, read);
                }
            }
            assertNobodyShares(members);
        }
        settle(members.toArray(TestMember[]::new));
        assertThat(members.stream().mapToInt(m -> m.reads().size()).sum()).isEqualTo(12);
        assertThat(Ownership.changesOfHands(database)).isGreaterThan(20);
    }

    private static void assertNobodyShares(List<TestMember> members) {
        Map<PartitionName, String> readers = new HashMap<>();
        for (TestMember member : members) {
            for (PartitionName partition : member.reads()) {
                assertThat(readers.put(partition, member.id()))
                        .as("%s is read by %s too", partition, member.id())
                        .isNull();
            }
        }
    }

    @Test
    void manyJoinAtOnceByBothDoors() throws Exception {
        createTopic(16);
        ExecutorService threads = Executors.newFixedThreadPool(16);
        try {
            List<TestMember> members =
                    IntStream.range(0, 16).mapToObj(i -> member("m" + i)).toList();
            List<CompletableFuture<TestMember>> joining = members.stream()
                    .map(m -> CompletableFuture.supplyAsync(m::join, threads))
                    .toList();
            joining.forEach(CompletableFuture::join);
            settle(members.toArray(TestMember[]::new));
            assertThat(members).allSatisfy(m -> assertThat(m.reads()).hasSize(1));
        } finally {
            threads.shutdownNow();
        }
    }

    /** More than are moved in one database transaction, and than PostgreSQL's lock table would hold at once with many at it. */
    @Test
    void aMemberOwnsAsManyPartitionsAsThereAre() throws SQLException {
        createTopic(1200);
        TestMember first = member("first").join();
        assertThat(first.reads()).hasSize(1200);
        TestMember second = member("second").join();
        settle(first, second);
        assertThat(second.reads()).hasSize(600);
        first.leave();
        second.leave();
        assertThat(database.string("select count(*) from tidemark_internal.group_partition gp"
                        + " join tidemark_internal.consumer_group g using (group_id) where g.name = '" + group
                        + "' and gp.owner_member_id is not null"))
                .isEqualTo("0");
    }

    @Test
    void aLockThatIsNotHadInTimeIsToBeTriedAgain() throws SQLException {
        createTopic(1);
        TestMember member = member("m").join();
        try (Connection stalled = database.connect();
                Statement statement = stalled.createStatement()) {
            stalled.setAutoCommit(false);
            statement.execute(
                    "select pg_advisory_xact_lock('tidemark_internal.consumer_group'::regclass::oid::int, group_id)"
                            + " from tidemark_internal.consumer_group where name = '" + group + "'");

            assertRefused(ErrorCode.BROKER_NOT_AVAILABLE, () -> member("n").join(), "try again");
            assertThat(member.beat().assignments()).as("no news needs no lock").hasSize(1);
        }
        member("n").join();
    }

    @Test
    void aGroupThatWasDeletedIsForgotten() throws SQLException {
        createTopic(1);
        TestMember member = member("m").join();
        member.beat();
        member.beat();
        member.leave();
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    "update tidemark_internal.consumer_group set deleted_at = now() where name = '" + group + "'");
        }
        await().untilAsserted(() -> assertRefused(ErrorCode.GROUP_ID_NOT_FOUND, member::beat));
        assertThat(member("m").join().generation())
                .as("another group of the name")
                .isEqualTo(1);
    }

    @Test
    void theAnswerIsInOrder() {
        createTopic(11);
        GroupAssignment told = member("m").join().beat();
        assertThat(told.assignments())
                .isSortedAccordingTo(
                        Comparator.comparing(PartitionName::topic).thenComparingInt(PartitionName::partition));
    }
}
