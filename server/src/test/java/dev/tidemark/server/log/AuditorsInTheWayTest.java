package dev.tidemark.server.log;

import static dev.tidemark.server.log.TestLog.batch;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.protocol.api.CreateTopicRequest;
import dev.tidemark.server.log.append.BatchOutcome;
import dev.tidemark.server.testing.TestDatabase;
import dev.tidemark.server.topic.Topic;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Audits that hold their snapshots and locks for as long as the test runs (a cursor half read, a REPEATABLE READ report, a session idle in its transaction, a
 * dump that has every table locked), while segments are made and attached, topics are made, deleted and as far as may be detached, and sessions that have
 * seen nothing yet append and read. Nobody waits for anybody.
 */
class AuditorsInTheWayTest {
    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private static final int PARTITIONS = 3;

    /** Above what a busy machine takes for any of it, and far below the audits' time: those end when the test says so. */
    private static final String WITHIN = "20s";

    private final List<Connection> audits = new ArrayList<>();

    @Test
    void auditsSegmentsDeletionsAndFreshSessionsNeverWaitForEachOther() throws Exception {
        Topic busy;
        Topic quiet;
        Topic leaving;
        try (TestLog log = new TestLog(database.database())) {
            busy = log.topic(PARTITIONS, Map.of("segment.bytes", "1024"));
            quiet = log.topic(PARTITIONS, Map.of());
            leaving = log.topic(PARTITIONS, Map.of());
            for (Topic topic : List.of(busy, quiet, leaving)) {
                append(log, topic, 0, 10);
            }
        }
        long segmentsBefore = segments();
        AtomicBoolean done = new AtomicBoolean();
        LockWatch watch = new LockWatch(done);
        try {
            cursor(busy);
            Statement report = report(busy, quiet, leaving);
            idle(leaving);
            dump();
            watch.start();

            for (int round = 1; round <= 4; round++) {
                freshSessionsAppend(busy, quiet);
                freshReaderCounts(busy, quiet);
            }
            deleteBesideAudits(leaving);
            freshSessionsAppend(busy, quiet);

            assertThat(segments()).as("segments made meanwhile").isGreaterThan(segmentsBefore);
            assertThat(number(report, count(busy))).isEqualTo(10L * PARTITIONS);
            assertThat(number(report, count(leaving))).isEqualTo(10L * PARTITIONS);
        } finally {
            done.set(true);
            watch.join();
            for (Connection audit : audits) {
                audit.close();
            }
        }
        assertThat(watch.waits).as("who waited").isEmpty();
        try (TestLog log = new TestLog(database.database())) {
            log.topics().dropDeleted();
            assertThat(log.values(busy, 0, 0)).hasSize(10 + 5 * 900);
        }
        assertThat(number("select count(*) from pg_class where relname ~ '^topic_" + leaving.id() + "(_|$)'"))
                .isZero();
    }

    /** Every log has new connections, which read every table's description for the first time. */
    private static void freshSessionsAppend(Topic... topics) throws Exception {
        try (TestLog fresh = new TestLog(database.database())) {
            for (Topic topic : topics) {
                append(fresh, topic, 0, 900);
                append(fresh, topic, 1, 1);
                append(fresh, topic, 2, 1);
                assertThat(fresh.fetch(topic, 0, 0).recordCount()).isPositive();
            }
        }
    }

    private static void freshReaderCounts(Topic... topics) throws SQLException {
        for (Topic topic : topics) {
            assertThat(number(count(topic))).isPositive();
        }
    }

    private static void deleteBesideAudits(Topic topic) throws Exception {
        try (TestLog log = new TestLog(database.database())) {
            log.topics().delete(topic.name());
            log.topics().dropDeleted();
            log.topics().create(new CreateTopicRequest(topic.name(), 1, Map.of()));
            append(log, log.topics().find(topic.name()), 0, 5);
            log.topics().delete(topic.name());
            log.topics().dropDeleted();
        }
    }

    private static void append(TestLog log, Topic topic, int partition, int records) throws Exception {
        if (records == 10) {
            for (int p = 0; p < topic.partitionCount(); p++) {
                appendTo(log, topic, p, records);
            }
        } else {
            appendTo(log, topic, partition, records);
        }
    }

    private static void appendTo(TestLog log, Topic topic, int partition, int records) throws Exception {
        String[] values = IntStream.range(0, records).mapToObj(i -> "v" + i).toArray(String[]::new);
        assertThat(log.append(topic, batch(partition, values))).first().isInstanceOf(BatchOutcome.Appended.class);
    }

    private void cursor(Topic topic) throws SQLException {
        Statement statement = audit(Connection.TRANSACTION_READ_COMMITTED);
        statement.execute("declare c cursor for select * from " + relation(topic));
        statement.execute("fetch 3 from c");
    }

    private Statement report(Topic... topics) throws SQLException {
        Statement statement = audit(Connection.TRANSACTION_REPEATABLE_READ);
        for (Topic topic : topics) {
            number(statement, count(topic));
        }
        return statement;
    }

    private void idle(Topic topic) throws SQLException {
        number(audit(Connection.TRANSACTION_READ_COMMITTED), count(topic));
    }

    /** As pg_dump does: a snapshot, and ACCESS SHARE on every table. */
    private void dump() throws SQLException {
        Statement statement = audit(Connection.TRANSACTION_REPEATABLE_READ);
        statement.execute("do $$ declare t regclass; begin"
                + " for t in select c.oid from pg_class c where c.relnamespace = 'tidemark_internal'::regnamespace and c.relkind in ('r', 'p')"
                + " loop execute format('lock table %s in access share mode', t); end loop; end $$");
    }

    private Statement audit(int isolation) throws SQLException {
        Connection connection = database.connect();
        audits.add(connection);
        connection.setTransactionIsolation(isolation);
        connection.setAutoCommit(false);
        return connection.createStatement();
    }

    private static long segments() throws SQLException {
        return number("select count(*) from tidemark_internal.segment");
    }

    private static String relation(Topic topic) {
        return "topic.\"" + topic.name() + "\"";
    }

    private static String count(Topic topic) {
        return "select count(*) from " + relation(topic);
    }

    private static long number(String sql) throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("set statement_timeout = '" + WITHIN + "'");
            return number(statement, sql);
        }
    }

    private static long number(Statement statement, String sql) throws SQLException {
        try (ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }

    /**
     * Looks again and again who waits for a lock: on a topic's tables nobody does, ever. A view is tried for half a second before it is left, and
     * appends wait for each other's transactions; neither for long.
     */
    private static final class LockWatch extends Thread {
        private static final String QUERY =
                "select l.mode || ' on ' || coalesce(l.relation::regclass::text, l.locktype) || ' for ' || (clock_timestamp() - l.waitstart)"
                        + " from pg_locks l left join pg_class c on c.oid = l.relation"
                        + " where not l.granted and (c.relname ~ '^topic_[0-9]' or clock_timestamp() - l.waitstart > interval '5 s')";

        private final AtomicBoolean done;
        private final List<String> waits = new ArrayList<>();

        LockWatch(AtomicBoolean done) {
            super("lock-watch");
            this.done = done;
        }

        @Override
        public void run() {
            try (Connection connection = database.connect();
                    Statement statement = connection.createStatement()) {
                while (!done.get()) {
                    try (ResultSet rows = statement.executeQuery(QUERY)) {
                        while (rows.next()) {
                            waits.add(rows.getString(1));
                        }
                    }
                    statement.execute("select pg_sleep(0.02)");
                }
            } catch (SQLException e) {
                waits.add(e.toString());
            }
        }
    }
}
