package dev.tidemark.server.log.fetch;

import static dev.tidemark.server.log.TestLog.batch;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.testing.TestDatabase;
import dev.tidemark.server.topic.Topic;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A leaf that goes between a read's plan, which names it, and its COPY. */
@Timeout(60)
class DroppedLeafTest {
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private TestLog log;
    private Topic topic;
    private Connection dropper;
    private Statement statement;

    @BeforeEach
    void makeTwoLeaves() throws Exception {
        // Nothing is answered from memory.
        log = new TestLog(database.database(), 0);
        topic = log.topic(1, Map.of("segment.bytes", "1024"));
        for (int i = 0; leaves() < 3; i++) {
            log.append(topic, batch(0, values(i * 100)));
        }
        dropper = database.connect();
        dropper.setAutoCommit(false);
        statement = dropper.createStatement();
    }

    @AfterEach
    void close() throws SQLException {
        dropper.close();
        log.close();
    }

    private static String[] values(int from) {
        return IntStream.range(from, from + 100).mapToObj(Integer::toString).toArray(String[]::new);
    }

    private int leaves() throws SQLException {
        try (Connection connection = database.connect();
                Statement query = connection.createStatement();
                ResultSet row =
                        query.executeQuery("select count(*) from tidemark_internal.segment where partition_id = "
                                + topic.partitionId(0))) {
            row.next();
            return row.getInt(1);
        }
    }

    private String ask(String sql) throws SQLException {
        try (ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    private String firstLeaf() throws SQLException {
        return ask("select leaf from tidemark_internal.segment where base_offset = 0 and partition_id = "
                + topic.partitionId(0));
    }

    /** A fetch that has made its plan, and waits for the leaf. */
    private CompletableFuture<List<PartitionRecords>> fetchThatWaitsFor(String leaf) throws SQLException {
        statement.execute("lock table only tidemark_internal.topic_" + topic.id() + " in access exclusive mode");
        statement.execute("lock table " + leaf + " in access exclusive mode");
        CompletableFuture<List<PartitionRecords>> fetch = log.fetching(topic, 0, 0, 0);
        await().pollInterval(Duration.ofMillis(10))
                .until(() -> ask("select exists (select from pg_locks where not granted and relation = '" + leaf
                                + "'::regclass)::text")
                        .equals("true"));
        return fetch;
    }

    private static PartitionRecords answer(CompletableFuture<List<PartitionRecords>> fetch) throws Exception {
        return fetch.get(TestLog.TIMEOUT_SECONDS, TimeUnit.SECONDS).get(0);
    }

    @Test
    void ofADeletedTopicIsAnUnknownTopic() throws Exception {
        String leaf = firstLeaf();
        CompletableFuture<List<PartitionRecords>> fetch = fetchThatWaitsFor(leaf);
        statement.execute("update tidemark_internal.topic set deleted_at = now() where topic_id = " + topic.id());
        statement.execute("delete from tidemark_internal.segment where partition_id = " + topic.partitionId(0));
        statement.execute("drop table " + leaf);
        dropper.commit();

        assertThat(answer(fetch).error()).isEqualTo(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    }

    @Test
    void belowANewLogStartIsOutOfRange() throws Exception {
        String leaf = firstLeaf();
        long newStart = Long.parseLong(ask("select upper_bound from tidemark_internal.segment where base_offset = 0"
                + " and partition_id = " + topic.partitionId(0)));
        CompletableFuture<List<PartitionRecords>> fetch = fetchThatWaitsFor(leaf);
        statement.execute("update tidemark_internal.partition set log_start_offset = " + newStart
                + " where partition_id = " + topic.partitionId(0));
        statement.execute("delete from tidemark_internal.segment where base_offset = 0 and partition_id = "
                + topic.partitionId(0));
        statement.execute("drop table " + leaf);
        dropper.commit();

        PartitionRecords answer = answer(fetch);
        assertThat(answer.error()).isEqualTo(ErrorCode.OFFSET_OUT_OF_RANGE);
        assertThat(answer.logStartOffset()).isEqualTo(newStart);
        assertThat(log.fetch(topic, 0, newStart).recordCount()).isPositive();
    }
}
