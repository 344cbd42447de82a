package dev.tidemark.server.log.append;

import static org.awaitility.Awaitility.await;

import dev.tidemark.server.topic.Topic;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;

/** A partition's lock in a test's hands: an append waits for it. */
final class PartitionLock {
    private PartitionLock() {}

    /** Until the connection's transaction, which this begins, ends. */
    static void hold(Connection connection, Topic topic, int partition) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("select pg_advisory_xact_lock('tidemark_internal.batch'::regclass::oid::int, "
                    + topic.partitionId(partition) + ")");
        }
    }

    static void awaitWaiter(Connection connection, Topic topic, int partition) {
        await().pollInterval(Duration.ofMillis(10)).until(() -> {
            try (Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery(
                            "select exists (select from pg_locks where locktype = 'advisory' and not granted and objid = "
                                    + topic.partitionId(partition) + "::oid)")) {
                row.next();
                return row.getBoolean(1);
            }
        });
    }
}
