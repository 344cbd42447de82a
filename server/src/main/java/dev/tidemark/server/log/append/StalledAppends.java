package dev.tidemark.server.log.append;

import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.postgres.SqlStates;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends appends of servers that stand still while they hold a partition's lock: a stopped process, a host that has vanished. No timeout of PostgreSQL's frees
 * a lock held in COPY. Who has waited for the lock in vain looks who holds it; see the SQL function for whom it ends and whom it never does.
 */
final class StalledAppends {
    private static final Logger LOG = LoggerFactory.getLogger(StalledAppends.class);

    /** For the looks themselves. */
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Database database;
    private final long heldMs;
    private final AppendMetrics metrics;

    /** @param heldMs how long an append may hold a lock while PostgreSQL waits for its server */
    StalledAppends(Database database, long heldMs, AppendMetrics metrics) {
        this.database = database;
        this.heldMs = heldMs;
        this.metrics = metrics;
    }

    /**
     * Whether the failure was a lock not had in time, and whoever held it up was ended: then it is worth another try.
     *
     * @param startNanos when the append that failed was begun; well after the lock timeout nobody is waited for any more
     */
    boolean isEnded(SQLException failure, Integer[] partitionIds, long startNanos) {
        if (!SqlStates.state(failure).equals(SqlStates.LOCK_NOT_AVAILABLE)) {
            return false;
        }
        // A holder that has stopped just now is due once more that time has passed; turned away, its caller would wait
        // for the lock all over.
        long lastLookNanos = startNanos + 2 * TimeUnit.MILLISECONDS.toNanos(heldMs) + PATIENCE_NANOS;
        try {
            while (true) {
                Look look = look(partitionIds);
                long leftNanos = lastLookNanos - System.nanoTime();
                if (look.ended > 0 || look.soonestMs == NOBODY || leftNanos <= 0) {
                    return look.ended > 0;
                }
                // Its statement began a little after the wait for its lock did.
                LockSupport.parkNanos(Math.min(leftNanos, TimeUnit.MILLISECONDS.toNanos(look.soonestMs)));
            }
        } catch (SQLException e) {
            failure.addSuppressed(e);
            return false;
        }
    }

    private static final long NOBODY = Long.MAX_VALUE;

    /**
     * What one look has found.
     *
     * @param soonestMs until the next holder has stood still for long enough
     */
    private record Look(int ended, long soonestMs) {}

    private Look look(Integer[] partitionIds) throws SQLException {
        int ended = 0;
        long soonestMs = NOBODY;
        try (Connection connection = database.connection();
                PreparedStatement query = connection.prepareStatement(
                        "select pid, partition_id, held_ms, is_append, waits_for, is_ended from "
                                + database.schemas().internal() + ".end_stalled_appends(?, ?)")) {
            query.setArray(1, connection.createArrayOf("int4", partitionIds));
            query.setLong(2, heldMs);
            try (ResultSet holders = query.executeQuery()) {
                while (holders.next()) {
                    log(holders);
                    if (holders.getBoolean("is_ended")) {
                        metrics.stalledAppendEnded();
                        ended++;
                    } else if (holders.getBoolean("is_append")) {
                        soonestMs = Math.min(soonestMs, Math.max(1, heldMs - holders.getLong("held_ms")));
                    }
                }
            }
        }
        return new Look(ended, soonestMs);
    }

    private static void log(ResultSet holder) throws SQLException {
        boolean ended = holder.getBoolean("is_ended");
        LOG.warn(
                "{} partition_id={} pid={} held_ms={} waits_for={}",
                ended ? "stalled append of another server ended" : "lock of a partition not had in time",
                holder.getInt("partition_id"),
                holder.getInt("pid"),
                holder.getLong("held_ms"),
                holder.getString("waits_for"));
    }
}
