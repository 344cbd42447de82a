package dev.tidemark.server.group.offset;

import static dev.tidemark.server.log.TestLog.TIMEOUT_SECONDS;
import static dev.tidemark.server.log.TestLog.batch;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.JoinGroupRequest;
import dev.tidemark.protocol.api.PartitionName;
import dev.tidemark.server.access.Principal;
import dev.tidemark.server.group.GroupLimits;
import dev.tidemark.server.group.Groups;
import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.log.append.Acks;
import dev.tidemark.server.log.append.AppendRequest;
import dev.tidemark.server.log.append.BatchOutcome;
import dev.tidemark.server.testing.TestDatabase;
import dev.tidemark.server.topic.Topic;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** How many groups there may be, and how many members they may have. */
@Timeout(60)
class GroupLimitsTest {
    private static final int MEMBERS = 2;

    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private TestLog log;
    private Groups groups;
    private GroupOffsets offsets;
    private Topic topic;
    private String group;

    @BeforeEach
    void open() throws Exception {
        log = new TestLog(database.database());
        topic = log.topic(1, Map.of());
        group = "group of " + topic.name();
        int there = Integer.parseInt(
                database.string("select count(*) from tidemark_internal.consumer_group where deleted_at is null"));
        GroupLimits limits = new GroupLimits(MEMBERS, there + 1);
        groups = new Groups(
                database.database(), log.log().leaderEpochs(), UUID.randomUUID(), limits, new SimpleMeterRegistry());
        offsets = new GroupOffsets(
                database.database(),
                log.topics(),
                log.log(),
                GroupOffsets.Retention.DEFAULT,
                limits,
                new SimpleMeterRegistry());
    }

    @AfterEach
    void close() {
        offsets.close();
        groups.close();
        log.close();
    }

    private JoinGroupRequest joining(String memberId) {
        return new JoinGroupRequest(memberId, List.of(topic.name()), null, null, null, null, null, null, null);
    }

    private void join(String name, String memberId) {
        groups.join(name, joining(memberId), Principal.ANONYMOUS);
    }

    private void commit(String name) throws Exception {
        try {
            offsets.commit(name, TestOffsets.request(topic.name(), 0), "somebody")
                    .get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException refused) {
            throw (ApiException) refused.getCause();
        }
    }

    private static void assertRefused(ErrorCode error, String detail, ThrowingCallable request) {
        assertThatThrownBy(request).isInstanceOfSatisfying(ApiException.class, refused -> {
            assertThat(refused.error()).as(refused.detail()).isEqualTo(error);
            assertThat(refused.detail()).contains(detail);
        });
    }

    private static void assertOneTooMany(ThrowingCallable request) {
        assertRefused(ErrorCode.THROTTLING_QUOTA_EXCEEDED, "as many as there may be", request);
    }

    @Test
    void aGroupThatHasAsManyMembersAsItMayHaveTakesNobodyElseUntilOneLeaves() {
        join(group, "one");
        join(group, "two");

        assertRefused(ErrorCode.GROUP_MAX_SIZE_REACHED, "2 members, of at most 2", () -> join(group, "three"));
        join(group, "two");
        groups.leave(group, "one", Principal.ANONYMOUS);
        join(group, "three");
    }

    @Test
    void whereThereAreAsManyGroupsAsThereMayBeNoRequestMakesAnother() throws Exception {
        commit(group);

        assertOneTooMany(() -> join("joined", "m"));
        assertOneTooMany(() -> commit("committed"));
        assertOneTooMany(() -> offsets.reset(new OffsetReset(
                "reset",
                List.of(new PartitionName(topic.name(), 0)),
                new OffsetReset.Target.Earliest(),
                false,
                "somebody")));
        assertThat(appendedWithCommit("with records"))
                .isInstanceOfSatisfying(
                        BatchOutcome.Refused.class,
                        refused -> assertThat(refused.error()).isEqualTo(ErrorCode.THROTTLING_QUOTA_EXCEEDED));
        assertThat(database.string("select count(*) from tidemark_internal.consumer_group"
                        + " where name in ('joined', 'committed', 'reset', 'with records')"))
                .isEqualTo("0");

        commit(group);
        assertThat(appendedWithCommit(group)).isInstanceOf(BatchOutcome.Appended.class);
        join(group, "m");
    }

    private BatchOutcome appendedWithCommit(String name) throws Exception {
        AppendRequest request = new AppendRequest(
                List.of(new AppendRequest.Entry(topic, batch(0, "v"))),
                Acks.ALL,
                true,
                "somebody",
                AppendRequest.Check.EVERYTHING,
                offsets.commitWithAppend(name, TestOffsets.request(topic.name(), 0), "somebody"));
        return log.log().append(request).get(TIMEOUT_SECONDS, TimeUnit.SECONDS).get(0);
    }

    @Test
    void aDeletedGroupMakesRoomForAnother() throws Exception {
        commit(group);
        assertOneTooMany(() -> commit("next " + group));

        offsets.delete(group);

        commit("next " + group);
    }

    @Test
    void applicationsThatMakeGroupsInSqlAreNotAsked() throws Exception {
        commit(group);

        try (Connection application = database.connect();
                Statement statement = application.createStatement()) {
            statement.execute("select tidemark.commit_offsets('in SQL " + group + "', null, null, '" + topic.name()
                    + "', array[0], array[0]::bigint[])");
        }

        assertThat(offsets.committed("in SQL " + group, null)).hasSize(1);
    }
}
