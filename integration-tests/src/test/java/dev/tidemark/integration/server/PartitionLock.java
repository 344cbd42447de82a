package dev.tidemark.integration.server;

import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;

/** Holds a partition's advisory lock as an append does, so that appends to it wait until this is closed. */
public final class PartitionLock implements AutoCloseable {
    private final Connection connection;
    private final int partitionId;

    private PartitionLock(Connection connection, int partitionId) {
        this.connection = connection;
        this.partitionId = partitionId;
    }

    public static PartitionLock hold(RunningServer server, String topic, int partition) throws SQLException {
        Connection connection = server.connect();
        connection.setAutoCommit(false);
        try (PreparedStatement lock = connection.prepareStatement(
                "select pg_advisory_xact_lock('tidemark_internal.batch'::regclass::oid::int, p.partition_id), p.partition_id"
                        + " from tidemark_internal.partition p join tidemark_internal.topic t using (topic_id)"
                        + " where t.name = ? and t.deleted_at is null and p.partition = ?")) {
            lock.setString(1, topic);
            lock.setInt(2, partition);
            ResultSet row = lock.executeQuery();
            row.next();
            return new PartitionLock(connection, row.getInt(2));
        }
    }

    /** Returns when an append waits for the lock. */
    public void awaitWaiter() {
        awaitWaiters(1);
    }

    /** Returns when that many wait for it. */
    public void awaitWaiters(int count) {
        await().pollInterval(Duration.ofMillis(10)).until(() -> waiters() >= count);
    }

    private int waiters() throws SQLException {
        try (PreparedStatement query = connection.prepareStatement(
                "select count(*) from pg_locks where locktype = 'advisory' and not granted and objid = ?::oid")) {
            query.setInt(1, partitionId);
            ResultSet row = query.executeQuery();
            row.next();
            return row.getInt(1);
        }
    }

    @Override
    public void close() throws SQLException {
        connection.rollback();
        connection.close();
    }
}
