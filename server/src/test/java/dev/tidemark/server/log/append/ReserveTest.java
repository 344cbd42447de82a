package dev.tidemark.server.log.append;

import static dev.tidemark.server.log.TestLog.batch;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.testing.TestDatabase;
import dev.tidemark.server.topic.Topic;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The SQL function itself, where batches come in groups. */
@Timeout(120)
class ReserveTest {
    private static final int GROUPS = 200;

    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private TestLog log;
    private Topic topic;

    @BeforeEach
    void start() throws Exception {
        log = new TestLog(database.database());
        topic = log.topic(2, Map.of());
        log.append(topic, batch(0, "first"), batch(1, "first"));
    }

    @AfterEach
    void stop() {
        log.close();
    }

    @Test
    void groupsThatAreAllRefusedAreFoundInAFewPasses() throws Exception {
        long scansBefore;
        long scans;
        List<String> outcomes;
        try (Connection connection = database.connect()) {
            connection.setAutoCommit(false);
            scansBefore = scans(connection);
            outcomes = reserve(connection, "n + 1");
            scans = scans(connection) - scansBefore;
            connection.rollback();
        }

        assertThat(outcomes).hasSize(2 * GROUPS).containsOnly("gap", "withdrawn");
        assertThat(outcomes.stream().filter("gap"::equals)).hasSize(GROUPS);
        assertThat(scans).isLessThan(20L * GROUPS);
    }

    @Test
    void groupsBesideThoseThatAreRefusedAreAppendedWithoutAGap() throws Exception {
        List<String> outcomes;
        try (Connection connection = database.connect()) {
            connection.setAutoCommit(false);
            // Every other one's last batch does not follow; the one in partition 0 has its place by then.
            outcomes = reserve(connection, "case when n > " + GROUPS + " and n % 2 = 0 then 5 else 0 end");
            assertThat(offsets(connection, 0)).isEqualTo(1L + GROUPS / 2);
            assertThat(offsets(connection, 1)).isEqualTo(1L + GROUPS / 2);
            connection.rollback();
        }

        assertThat(outcomes.stream().filter("appended"::equals)).hasSize(GROUPS);
        assertThat(outcomes.stream().filter("gap"::equals)).hasSize(GROUPS / 2);
        assertThat(outcomes.stream().filter("withdrawn"::equals)).hasSize(GROUPS / 2);
    }

    /** Each group has a batch in either partition, of a producer of its own. @param sequence of the batch n, counted from 1 */
    private List<String> reserve(Connection connection, String sequence) throws SQLException {
        String partitions =
                "case when n <= " + GROUPS + " then " + topic.partitionId(0) + " else " + topic.partitionId(1) + " end";
        String query = "select r.outcome from tidemark_internal.postgres_run p, lateral (select array_agg(" + partitions
                + " order by n) ids, array_agg((n - 1) % " + GROUPS
                + " order by n) groups, array_agg(1 order by n) ones,"
                + " array_agg(10::bigint order by n) bytes, array_agg(0::bigint order by n) times,"
                + " array_agg(1000000::bigint + (n - 1) % " + GROUPS + " order by n) producers,"
                + " array_agg(0::smallint order by n) epochs, array_agg(0 order by n) zeros, array_agg(" + sequence
                + " order by n) sequences, array_agg('test'::text order by n) principals from generate_series(1, "
                + 2 * GROUPS
                + ") n) a, lateral tidemark_internal.reserve(a.ids, a.groups, a.ones, a.bytes, a.zeros, a.times, a.times,"
                + " a.producers, a.epochs, a.sequences, a.principals, gen_random_uuid(), p.leader_epoch, p.run_id,"
                + " '2000', 'all') r";
        List<String> outcomes = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(query)) {
            while (rows.next()) {
                outcomes.add(rows.getString(1));
            }
        }
        return outcomes;
    }

    private long offsets(Connection connection, int partition) throws SQLException {
        return number(
                connection,
                "select max(base_offset + record_count) - min(base_offset) from tidemark_internal.batch where partition_id = "
                        + topic.partitionId(partition) + " having sum(record_count) = max(base_offset + record_count)");
    }

    private static long scans(Connection connection) throws SQLException {
        return number(
                connection,
                "select idx_scan from pg_stat_xact_user_tables where relid = 'tidemark_internal.batch'::regclass");
    }

    private static long number(Connection connection, String query) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            assertThat(row.next()).isTrue();
            return row.getLong(1);
        }
    }
}
