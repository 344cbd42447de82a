package dev.tidemark.server.log.epoch;

import static dev.tidemark.server.log.TestLog.batch;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.log.append.BatchOutcome.Appended;
import dev.tidemark.server.log.fetch.OffsetQuery;
import dev.tidemark.server.log.fetch.PartitionRecords;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.testing.TestDatabase;
import dev.tidemark.server.topic.Topic;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Two servers' logs over one database. A crash of PostgreSQL shows in it as an emptied {@code postgres_run}, and a restore as rows that are gone: both are
 * brought about by hand here, and for real in the tests of faults.
 */
class LeaderEpochsTest {
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private Database otherConnections;
    private TestLog log;
    private TestLog other;

    @BeforeEach
    void start() {
        otherConnections = database.open();
        log = new TestLog(database.database());
        other = new TestLog(otherConnections);
    }

    @AfterEach
    void stop() {
        other.close();
        log.close();
        otherConnections.close();
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String ask(String sql) throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    private static int epochOfNewestBatch(Topic topic) throws SQLException {
        return Integer.parseInt(ask("select leader_epoch from tidemark_internal.batch where partition_id = "
                + topic.partitionId(0) + " order by base_offset desc limit 1"));
    }

    private static void postgresCrashes() throws SQLException {
        execute("truncate tidemark_internal.postgres_run");
    }

    /** What was appended from there on is gone, as after the restore of an older state. */
    private static void isCutBackTo(Topic topic, long end) throws SQLException {
        execute("delete from tidemark_internal.batch where partition_id = " + topic.partitionId(0)
                + " and base_offset >= " + end);
        execute("delete from tidemark_internal.topic_" + topic.id() + " where partition = 0 and record_offset >= "
                + end);
        postgresCrashes();
    }

    @Test
    void epochBegunByCommandIsKnownToEveryServerAtItsNextRequest() throws Exception {
        Topic topic = log.topic(1, Map.of());
        log.append(topic, batch(0, "a"));
        int before = other.fetch(topic, 0, 0).leaderEpoch();

        int begun = log.log().beginLeaderEpoch("a test");

        assertThat(begun).isEqualTo(before + 1);
        assertThat(log.fetch(topic, 0, 0).leaderEpoch()).isEqualTo(begun);
        assertThat(other.append(topic, batch(0, "b"))).containsExactly(new Appended(1, -1, false));
        assertThat(epochOfNewestBatch(topic)).isEqualTo(begun);
        assertThat(other.fetch(topic, 0, 0).leaderEpoch()).isEqualTo(begun);
        assertThat(other.log().offset(topic, 0, new OffsetQuery.Latest()).leaderEpoch())
                .isEqualTo(begun);
        assertThat(other.values(topic, 0, 0)).containsExactly("a", "b");
        assertThat(ask("select reason from tidemark_internal.leader_epoch where leader_epoch = " + begun))
                .isEqualTo("a test");
    }

    @Test
    void restartOfPostgresAloneBeginsNoEpoch() throws Exception {
        Topic topic = log.topic(1, Map.of());
        log.append(topic, batch(0, "a"));
        int before = log.fetch(topic, 0, 0).leaderEpoch();

        postgresCrashes();

        assertThat(log.append(topic, batch(0, "b"))).containsExactly(new Appended(1, -1, false));
        assertThat(other.append(topic, batch(0, "c"))).containsExactly(new Appended(2, -1, false));
        assertThat(epochOfNewestBatch(topic)).isEqualTo(before);
        assertThat(other.values(topic, 0, 0)).containsExactly("a", "b", "c");
    }

    @Test
    void restartAfterAppendsThatMayBeLostBeginsAnEpoch() throws Exception {
        Topic topic = log.topic(1, Map.of("unsafe.acks", "true"));
        int before = log.log().beginLeaderEpoch("a test");
        log.appendUnacknowledged(topic, batch(0, "a"));
        assertThat(log.fetching(topic, 0, 0, 10_000)
                        .get(TestLog.TIMEOUT_SECONDS, TimeUnit.SECONDS)
                        .get(0)
                        .recordCount())
                .isEqualTo(1);

        postgresCrashes();

        assertThat(other.append(topic, batch(0, "b"))).containsExactly(new Appended(1, -1, false));
        assertThat(epochOfNewestBatch(topic)).isEqualTo(before + 1);
        postgresCrashes();
        other.append(topic, batch(0, "c"));
        assertThat(epochOfNewestBatch(topic))
                .as("nothing was appended that may be lost since")
                .isEqualTo(before + 1);
    }

    @Test
    void anotherTimelineOrSystemBeginsAnEpoch() throws Exception {
        Topic topic = log.topic(1, Map.of());
        int before = log.log().beginLeaderEpoch("a test");

        execute("update tidemark_internal.leader_epoch set timeline_id = 77 where leader_epoch = " + before);
        postgresCrashes();
        log.append(topic, batch(0, "a"));
        assertThat(epochOfNewestBatch(topic)).isEqualTo(before + 1);

        execute("update tidemark_internal.leader_epoch set system_identifier = 77 where leader_epoch = "
                + (before + 1));
        postgresCrashes();
        log.append(topic, batch(0, "b"));
        assertThat(epochOfNewestBatch(topic)).isEqualTo(before + 2);

        execute("update tidemark_internal.leader_epoch set batch_table = 77 where leader_epoch = " + (before + 2));
        postgresCrashes();
        log.append(topic, batch(0, "c"));
        assertThat(epochOfNewestBatch(topic)).isEqualTo(before + 3);
    }

    @Test
    void whoIsBeyondTheEndOfALogCutBackIsToldItsRange() throws Exception {
        Topic topic = log.topic(1, Map.of());
        log.append(topic, batch(0, "a", "b"));
        log.append(topic, batch(0, "c", "d"));
        int before = log.fetch(topic, 0, 0).leaderEpoch();
        CompletableFuture<List<PartitionRecords>> waiting = log.fetching(topic, 0, 4, 30_000);

        isCutBackTo(topic, 2);

        PartitionRecords told =
                waiting.get(TestLog.TIMEOUT_SECONDS, TimeUnit.SECONDS).get(0);
        assertThat(told.error()).isEqualTo(ErrorCode.OFFSET_OUT_OF_RANGE);
        assertThat(told.logStartOffset()).isZero();
        assertThat(told.highWatermark()).isEqualTo(2);
        assertThat(told.leaderEpoch()).isEqualTo(before + 1);
        assertThat(log.values(topic, 0, 0))
                .as("what was in memory of the old log is not told any more")
                .containsExactly("a", "b");
        assertThat(log.append(topic, batch(0, "e"))).containsExactly(new Appended(2, -1, false));
        assertThat(epochOfNewestBatch(topic)).isEqualTo(before + 1);
        assertThat(other.values(topic, 0, 0)).containsExactly("a", "b", "e");
    }

    @Test
    void serverThatKnowsMoreThanTheFirstToNoticeIsHeardToo() throws Exception {
        Topic topic = log.topic(1, Map.of());
        log.append(topic, batch(0, "a", "b"));
        log.append(topic, batch(0, "c", "d"));
        int before = log.fetch(topic, 0, 0).leaderEpoch();

        isCutBackTo(topic, 2);

        // The other has never looked at this partition, so for it nothing is missing.
        assertThat(other.fetch(topic, 0, 0).leaderEpoch()).isEqualTo(before);
        assertThat(log.append(topic, batch(0, "e"))).containsExactly(new Appended(2, -1, false));
        assertThat(epochOfNewestBatch(topic)).isEqualTo(before + 1);
        assertThat(other.values(topic, 0, 0)).containsExactly("a", "b", "e");
    }

    @Test
    void serverThatStandsStillWithTheLockOnEpochsLosesIt() throws Exception {
        try (Connection stalled = database.connect();
                Statement statement = stalled.createStatement()) {
            stalled.setAutoCommit(false);
            statement.execute("select leader_epoch from tidemark_internal.ensure_leader_epoch('{}', '{}', '')");

            assertThat(log.log().beginLeaderEpoch("a test")).isPositive();

            assertThatThrownBy(() -> statement.execute("select 1"))
                    .as("its session has ended")
                    .isInstanceOf(SQLException.class);
        }
    }

    @Test
    void deletedTopicsAreNotTakenForALogCutBack() throws Exception {
        Topic topic = log.topic(1, Map.of());
        Topic kept = log.topic(1, Map.of());
        log.append(topic, batch(0, "a"));
        log.append(kept, batch(0, "a"));
        int before = log.fetch(topic, 0, 0).leaderEpoch();
        log.topics().delete(topic.name());
        log.topics().dropDeleted();
        postgresCrashes();

        log.append(kept, batch(0, "b"));

        assertThat(epochOfNewestBatch(kept)).isEqualTo(before);
    }
}
