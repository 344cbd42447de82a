package dev.tidemark.server.group.offset;

import static dev.tidemark.server.log.TestLog.TIMEOUT_SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.testing.SqlGroups;
import dev.tidemark.server.testing.TestDatabase;
import dev.tidemark.server.topic.Topic;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Groups as SQL shows them, and to whom. */
@Timeout(60)
class GroupViewsTest {
    private static final List<String> VIEWS =
            List.of("consumer_groups", "consumer_lag", "offset_commits", "partition_owners");

    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private final SqlGroups groups = new SqlGroups(database);
    private final String role = "reader_" + UUID.randomUUID().toString().substring(0, 8);
    private TestLog log;
    private GroupOffsets offsets;
    private Topic mine;
    private Topic others;

    @BeforeEach
    void twoGroupsOfTwoTopics() throws Exception {
        log = new TestLog(database.database());
        offsets = TestOffsets.of(database, log);
        mine = log.topic(1, Map.of());
        others = log.topic(1, Map.of());
        for (Topic topic : List.of(mine, others)) {
            log.append(topic, TestLog.batch(0, "a", "b", "c"));
            String group = "of " + topic.name();
            commit(group, topic, 1);
            commit(group, topic, 2);
            groups.join(group, "m", "somebody");
            groups.give(group, topic.name(), 0, "m");
            groups.give(group, topic.name(), 0, null);
            groups.give(group, topic.name(), 0, "m");
        }
    }

    private void commit(String group, Topic topic, long offset) throws Exception {
        offsets.commit(group, TestOffsets.request(topic.name(), offset), "somebody")
                .get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }

    @AfterEach
    void close() {
        offsets.close();
        log.close();
    }

    @Test
    void whoMayReadOneTopicSeesItsGroupsAlone() throws Exception {
        try (Connection administrator = database.connect();
                Statement grants = administrator.createStatement()) {
            grants.execute("create role " + role + " login password 'secret'");
            grants.execute("grant usage on schema tidemark, topic to " + role);
            grants.execute("grant select on topic.\"" + mine.name() + "\" to " + role);
            for (String view : VIEWS) {
                grants.execute("grant select on tidemark." + view + " to " + role);
            }
            String url = database.jdbcUrl().replaceFirst("\\?.*", "?user=" + role + "&password=secret");
            try (Connection reader = DriverManager.getConnection(url);
                    Statement statement = reader.createStatement()) {
                for (String view : VIEWS) {
                    assertThat(string(statement, "select string_agg(distinct group_id, ',') from tidemark." + view))
                            .as(view)
                            .isEqualTo("of " + mine.name());
                }
            } finally {
                // PostgreSQL 16 and later: who makes a role administers it, and is no member of it.
                grants.execute("grant " + role + " to current_user");
                grants.execute("drop owned by " + role);
                grants.execute("drop role " + role);
            }
        }
    }

    @Test
    void readersSeeAllOfThem() throws SQLException {
        try (Connection connection = database.connect();
                Statement reader = connection.createStatement()) {
            reader.execute("grant tidemark_reader to current_user");
            reader.execute("set role tidemark_reader");
            for (String view : VIEWS) {
                assertThat(string(reader, "select count(distinct group_id) >= 2 from tidemark." + view))
                        .as(view)
                        .isEqualTo("t");
            }
        }
    }

    @Test
    void theyShowMembersOwnersLagAndHistory() throws SQLException {
        String group = " where group_id = 'of " + mine.name() + "'";
        assertThat(database.string(
                        "select concat_ws(' ', state, generation_id, member_id, is_member, principal, assigned_partitions, partitions_to_release, held_up_by)"
                                + " from tidemark.consumer_groups" + group))
                .isEqualTo("Stable 4 m t somebody {" + mine.name() + "-0} {}");
        assertThat(database.string(
                        "select concat_ws(' ', topic, partition, committed_offset, log_end_offset, lag, member_id, time_lag > '0') from tidemark.consumer_lag"
                                + group))
                .isEqualTo(mine.name() + " 0 2 3 1 m t");
        assertThat(database.string(
                        "select string_agg(concat_ws(' ', committed_offset, kind, principal, is_current), ', ' order by commit_sequence) from tidemark.offset_commits"
                                + group))
                .isEqualTo("1 commit somebody f, 2 commit somebody t");
        assertThat(database.string(
                        "select string_agg(concat_ws(' ', member_id, generation_id, owned_until is null), ', ' order by owned_from) from tidemark.partition_owners"
                                + group))
                .isEqualTo("m 2 f, m 4 t");
    }

    @Test
    void aCommitPastTheLogEndIsABrokenPromise() throws SQLException {
        String commit = " tidemark_internal.offset_commit";
        String corrupt = "update" + commit + " set committed_offset = committed_offset + 100 where commit_sequence = "
                + "(select max(commit_sequence) from" + commit + ")";
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            assertThat(database.brokenPromises()).isEmpty();
            statement.execute(corrupt);
            assertThat(database.brokenPromises())
                    .singleElement()
                    .asString()
                    .startsWith(others.name())
                    .contains("no commit past the log end", "102", "the log ends at 3");
            statement.execute(corrupt.replace("+ 100", "- 100"));
        }
    }

    private static String string(Statement statement, String query) throws SQLException {
        try (ResultSet row = statement.executeQuery(query)) {
            row.next();
            return row.getString(1);
        }
    }
}
