package dev.tidemark.integration.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.integration.door.BinaryClient;
import dev.tidemark.integration.door.Message;
import dev.tidemark.integration.door.OffsetAtTime;
import dev.tidemark.integration.door.Stored;
import dev.tidemark.integration.door.WireClient.Bounds;
import dev.tidemark.integration.server.RunningServer;
import dev.tidemark.protocol.api.PartitionDescription;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * No fetch reads a leaf from end to end, whatever PostgreSQL knows about it: leaves are full, half full or hold one record; just made, analysed, or vacuumed
 * and so with their index's ranges summarised.
 */
class FetchPlanTest {
    private static final String FRESH = "select 1";
    private static final int RECORDS = 5_500;
    private static final long FIRST_TIME = Instant.parse("2019-01-01T00:00:00Z").toEpochMilli();

    @RegisterExtension
    static final RunningServer server = new RunningServer("--tail-cache-bytes", "0");

    private final BinaryClient client = new BinaryClient(server.http());
    private final String topic = RunningServer.newName();

    /** Partition 0 has full leaves of a thousand records and more, and partition 1 a leaf with one. */
    @BeforeEach
    void fillLeaves() throws SQLException {
        client.createTopic(topic, 2, Map.of("segment.bytes", "1024"));
        for (int from = 0; from < RECORDS; from += 500) {
            List<Message> batch = new ArrayList<>();
            for (int n = from; n < from + 500; n++) {
                batch.add(Message.of("x".repeat(300)).at(FIRST_TIME + n));
            }
            client.produce(topic, batch);
        }
        client.produce(topic, Message.of("alone").to(1).at(FIRST_TIME));
        assertThat(client.describeTopic(topic).partitions().get(0))
                .extracting(PartitionDescription::segments)
                .satisfies(segments -> assertThat(segments).isGreaterThan(3));
    }

    private static List<String> leaves(Connection connection, String topic) throws SQLException {
        List<String> leaves = new ArrayList<>();
        try (Statement query = connection.createStatement();
                ResultSet rows = query.executeQuery("select s.leaf::text from tidemark_internal.segment s"
                        + " join tidemark_internal.partition p using (partition_id)"
                        + " join tidemark_internal.topic t using (topic_id) where t.name = '" + topic
                        + "' order by 1")) {
            while (rows.next()) {
                leaves.add(rows.getString(1));
            }
        }
        return leaves;
    }

    /** Prepares the leaves and returns how often each was read from end to end so far. */
    private Map<String, Long> sequentialScans(String preparation) throws SQLException {
        Map<String, Long> scans = new TreeMap<>();
        server.whileStopped(connection -> {
            try (Statement statement = connection.createStatement()) {
                for (String leaf : leaves(connection, topic)) {
                    statement.execute(preparation.replace("LEAF", leaf));
                    ResultSet row = statement.executeQuery(
                            "select seq_scan from pg_stat_user_tables where relid = '" + leaf + "'::regclass");
                    row.next();
                    scans.put(leaf, row.getLong(1));
                }
            }
        });
        return scans;
    }

    @ParameterizedTest
    @ValueSource(strings = {FRESH, "analyze LEAF", "vacuum analyze LEAF"})
    void fetchesAndTimesNeverScanALeafSequentially(String preparation) throws SQLException {
        Map<String, Long> before = sequentialScans(preparation);

        for (long offset = 0; offset < RECORDS; offset += 97) {
            assertThat(client.fetch(topic, 0, offset, Bounds.DEFAULT).records().get(0))
                    .extracting(Stored::offset)
                    .isEqualTo(offset);
            assertThat(client.fetch(topic, 0, offset, new Bounds(1, 1, 0)).records())
                    .hasSize(1);
            assertThat(client.firstAt(topic, 0, Instant.ofEpochMilli(FIRST_TIME + offset)))
                    .get()
                    .extracting(OffsetAtTime::offset)
                    .isEqualTo(offset);
        }
        client.read(topic, 0, 0, RECORDS);
        client.read(topic, 1, 0, 1);
        client.firstAt(topic, 1, Instant.ofEpochMilli(FIRST_TIME));
        assertThat(server.meter("tidemark_fetch_records_total", "source=\"database\""))
                .isGreaterThan(RECORDS);

        assertThat(sequentialScans(FRESH)).isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(strings = {FRESH, "analyze LEAF", "vacuum analyze LEAF"})
    void bothQueriesOfAFetchHaveAPlanWithoutASequentialScan(String preparation) throws SQLException {
        sequentialScans(preparation);
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            for (String leaf : leaves(connection, topic)) {
                // What a fetch does first, also for its plan settings.
                statement.execute("select tidemark_internal.plan_fetch("
                        + "s.partition_id, s.base_offset, 1048576, 500, r.leader_epoch, r.run_id)"
                        + " from tidemark_internal.segment s, tidemark_internal.postgres_run r where s.leaf = '" + leaf
                        + "'::regclass");
                assertThat(byBlocks(statement, leaf)).contains("Tid Range Scan").doesNotContain("Seq Scan");
                assertThat(byIndex(statement, leaf))
                        .contains("Bitmap Index Scan")
                        .doesNotContain("Seq Scan");
                connection.rollback();
            }
        }
    }

    // The shapes of LogReader's two queries.

    private static String byBlocks(Statement statement, String leaf) throws SQLException {
        return plan(statement, leaf, "ctid >= '(3,0)'::tid and ctid < '(9,0)'::tid and ", "limit 500");
    }

    private static String byIndex(Statement statement, String leaf) throws SQLException {
        return plan(statement, leaf, "", "order by record_offset");
    }

    private static String plan(Statement statement, String leaf, String blocks, String end) throws SQLException {
        StringBuilder plan = new StringBuilder();
        ResultSet rows = statement.executeQuery(
                "explain select record_offset, \"timestamp\", partition, key, value, headers, attributes from " + leaf
                        + " where " + blocks + "record_offset >= 1000 and record_offset < 1500 " + end);
        while (rows.next()) {
            plan.append(rows.getString(1)).append('\n');
        }
        return plan.toString();
    }

    @Test
    void tableOfOneRecordIsSmallEnoughToTemptAPlanner() throws SQLException {
        // What the tests above guard against: without the settings a tiny leaf is scanned.
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement()) {
            List<String> leaves = leaves(connection, topic);
            statement.execute("analyze " + leaves.get(leaves.size() - 1));
            assertThat(byIndex(statement, leaves.get(leaves.size() - 1))).contains("Seq Scan");
        }
    }
}
