package dev.tidemark.server.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.CreateTopicRequest;
import dev.tidemark.server.log.epoch.LeaderEpochs;
import dev.tidemark.server.log.tail.Tail;
import dev.tidemark.server.testing.TestDatabase;
import dev.tidemark.server.topic.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * What servers remember of groups, when a failover or a restore has put another state in the place of what they remember, and gave it the same version. The state is put there by hand; the tests of
 * faults have a real standby.
 */
@Timeout(60)
class GroupsInANewEpochTest {
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private static final AtomicInteger NAMES = new AtomicInteger();

    private final String group = "group-" + NAMES.incrementAndGet();
    private final String topic = "topic-" + NAMES.get();
    private final LeaderEpochs epochs = epochs();
    private final LeaderEpochs ofAnotherServer = epochs();
    private Groups groups;
    private TestMember kept;
    private TestMember lost;

    private static LeaderEpochs epochs() {
        return new LeaderEpochs(database.database(), new Tail(0), new SimpleMeterRegistry());
    }

    @BeforeEach
    void twoMembers() {
        groups = new Groups(database.database(), epochs, UUID.randomUUID(), new SimpleMeterRegistry());
        new Topics(database.database()).create(new CreateTopicRequest(topic, 1, Map.of()));
        kept = new TestMember(() -> groups, group, TestMember.asking("kept", topic)).join();
        lost = new TestMember(() -> groups, group, TestMember.asking("lost", topic)).join();
        lost.beat();
    }

    @AfterEach
    void close() {
        groups.close();
    }

    /** As it was before the second one joined; with the version of afterwards. */
    private void theJoinOfTheLastMemberIsLost() throws SQLException {
        execute("delete from tidemark_internal.group_member where member_id = 'lost' and group_id = "
                + "(select group_id from tidemark_internal.consumer_group where name = '" + group + "')");
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private boolean isUnknown(TestMember member) {
        try {
            member.beat();
            return false;
        } catch (ApiException refused) {
            assertThat(refused.error()).isEqualTo(ErrorCode.UNKNOWN_MEMBER_ID);
            return true;
        }
    }

    @Test
    void whatIsRememberedIsNotUsedOnceThisServerKnowsOfTheEpoch() throws Exception {
        theJoinOfTheLastMemberIsLost();
        assertThat(isUnknown(lost))
                .as("the version is the same, and memory is young")
                .isFalse();

        epochs.begin("a test");

        assertThatThrownBy(() -> lost.beat())
                .isInstanceOfSatisfying(
                        ApiException.class,
                        refused -> assertThat(refused.error()).isEqualTo(ErrorCode.UNKNOWN_MEMBER_ID));
        assertThat(kept.beat().assignments()).hasSize(1);
    }

    @Test
    void anEpochThatBeganElsewhereIsNoticedWhenWhatIsRememberedIsConfirmed() throws Exception {
        groups.start();
        int before = epochs.current().number();
        theJoinOfTheLastMemberIsLost();
        await().during(GroupMemory.MAX_AGE.plusMillis(500))
                .atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(50))
                .until(() -> !isUnknown(lost));

        int begun = ofAnotherServer.begin("a test");

        await().pollInterval(Duration.ofMillis(20)).until(() -> isUnknown(lost));
        assertThat(epochs.current().number()).isEqualTo(begun).isGreaterThan(before);
    }

    @Test
    void whoWatchesOverMembersReadsThemAgainInANewEpoch() throws Exception {
        Roster roster = new Roster(System::nanoTime);
        read(roster);
        int before = roster.memberCount();
        theJoinOfTheLastMemberIsLost();
        read(roster);
        assertThat(roster.memberCount()).as("of the same versions").isEqualTo(before);

        ofAnotherServer.begin("a test");
        read(roster);

        assertThat(roster.memberCount()).isEqualTo(before - 1);
    }

    /** As the keeper does; the epoch is that of the database. */
    private void read(Roster roster) {
        epochs.inCurrent(current -> database.database().transaction(jooq -> {
            roster.read(jooq, current);
            return current;
        }));
    }
}
