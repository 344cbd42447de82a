package dev.tidemark.server.group.offset;

import static dev.tidemark.schema.tidemark_internal.Tables.GROUP_PARTITION;

import dev.tidemark.schema.tidemark_internal.Routines;
import dev.tidemark.server.log.epoch.LeaderEpochs;
import dev.tidemark.server.postgres.Database;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import org.jooq.DSLContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes groups nobody uses, what they and topics left behind, and history that is old enough: in slices, each its own database transaction, and of several
 * servers one at a time. One thread's.
 */
final class GroupTidying {
    private static final Logger LOG = LoggerFactory.getLogger(GroupTidying.class);

    private static final String TASK = "tidy consumer groups";

    /** So that other housekeeping has its turn. */
    private static final Duration ROUND = Duration.ofSeconds(20);

    /** Above a round and its last slice; who has it keeps it, so that one server remembers how far it has deleted. */
    private static final Duration LEASE = Duration.ofSeconds(90);

    /** In one database transaction, which takes the locks of all their partitions. */
    private static final int GROUPS = 1;

    private static final int PARTITIONS = 500;
    private static final int ROWS = 10_000;
    private static final int COMMITS_OF_A_PARTITION = 2_000;

    private final Database database;
    private final LeaderEpochs epochs;
    private final GroupOffsets.Retention retention;
    private final UUID holder = UUID.randomUUID();

    /**
     * Up to which sequence a partition's old commits have been deleted: so that dead rows, which an old snapshot keeps, are not stepped over each time. Of one leader epoch: what a restore brought
     * back may lie below.
     */
    private final Map<Integer, Long> trimmedTo = new HashMap<>();

    private int trimmedInEpoch;

    GroupTidying(Database database, LeaderEpochs epochs, GroupOffsets.Retention retention) {
        this.database = database;
        this.epochs = epochs;
        this.retention = retention;
    }

    void round() {
        if (!claim()) {
            trimmedTo.clear();
            return;
        }
        int epoch = epochs.current().number();
        if (epoch != trimmedInEpoch) {
            trimmedTo.clear();
            trimmedInEpoch = epoch;
        }
        long endNanos = System.nanoTime() + ROUND.toNanos();
        Duration groups = retention.groups();
        if (groups != null) {
            expire(groups.toMillis(), endNanos);
        }
        repeat(endNanos, jooq -> Routines.purgeGroups(jooq.configuration(), ROWS));
        Duration history = retention.history();
        if (history != null) {
            repeat(endNanos, jooq -> Routines.trimGroupHistory(jooq.configuration(), history.toMillis(), ROWS));
            trim(history.toMillis(), endNanos);
        }
    }

    private boolean claim() {
        return Boolean.TRUE.equals(database.query(
                jooq -> Routines.claimHousekeeping(jooq.configuration(), TASK, holder, (int) LEASE.toMillis())));
    }

    private void expire(long retentionMs, long endNanos) {
        List<String> expired;
        do {
            expired = database.query(jooq -> Routines.expireGroups(jooq.configuration(), retentionMs, GROUPS))
                    .map(row -> row.getExpireGroups());
            if (!expired.isEmpty()) {
                LOG.info("groups deleted that nobody has used count={} first={}", expired.size(), expired.get(0));
            }
        } while (expired.size() == GROUPS && goesOn(endNanos));
    }

    /** Slice by slice, until one finds nothing. */
    private void repeat(long endNanos, Function<DSLContext, @Nullable Integer> slice) {
        Integer deleted;
        do {
            deleted = database.query(slice::apply);
        } while (deleted != null && deleted > 0 && goesOn(endNanos));
    }

    private void trim(long retentionMs, long endNanos) {
        List<Integer> ids = nextPartitions(0);
        while (!ids.isEmpty() && goesOn(endNanos)) {
            while (trim(ids, retentionMs) && goesOn(endNanos)) {
                // There was something to delete: there may be more.
            }
            ids = nextPartitions(ids.get(ids.size() - 1));
        }
    }

    private List<Integer> nextPartitions(int after) {
        return database.query(jooq -> jooq.select(GROUP_PARTITION.GROUP_PARTITION_ID)
                .from(GROUP_PARTITION)
                .where(GROUP_PARTITION.GROUP_PARTITION_ID.gt(after))
                .orderBy(GROUP_PARTITION.GROUP_PARTITION_ID)
                .limit(PARTITIONS)
                .fetch(GROUP_PARTITION.GROUP_PARTITION_ID));
    }

    /** @return whether something was deleted */
    private boolean trim(List<Integer> ids, long retentionMs) {
        Long[] from = ids.stream().map(id -> trimmedTo.getOrDefault(id, 0L)).toArray(Long[]::new);
        var trimmed = database.query(jooq -> Routines.trimOffsetCommits(
                jooq.configuration(), ids.toArray(Integer[]::new), from, retentionMs, COMMITS_OF_A_PARTITION));
        trimmed.forEach(row -> trimmedTo.put(row.getGroupPartitionId(), row.getUpTo()));
        return trimmed.isNotEmpty();
    }

    private static boolean goesOn(long endNanos) {
        return System.nanoTime() - endNanos < 0 && !Thread.currentThread().isInterrupted();
    }
}
