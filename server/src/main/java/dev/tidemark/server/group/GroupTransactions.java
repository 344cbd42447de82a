package dev.tidemark.server.group;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.postgres.SqlStates;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jooq.DSLContext;
import org.jooq.exception.DataAccessException;
import org.jspecify.annotations.Nullable;

/**
 * Changes groups, each change one database transaction under the group's lock: reads the group, decides, writes what is other, moves what may be moved. Thread-safe; blocks on the database, and throws as
 * {@link Database#query} does.
 */
final class GroupTransactions {
    /** For the group's lock; a change takes milliseconds. */
    private static final Duration LOCK_WAIT = Duration.ofSeconds(2);

    /** For whoever has other groups to see to, and comes again. */
    private static final Duration SHORT_WAIT = Duration.ofMillis(200);

    /** After which a server that stands still with the lock loses it. */
    private static final int IDLE_MS = 2_000;

    /** Partitions moved in one database transaction, each of which takes an entry in PostgreSQL's lock table. */
    private static final int MAX_MOVES = 500;

    private static final int MAX_TRIES = 3;

    private static final Set<String> TO_BE_REPEATED = Set.of(SqlStates.LOCK_NOT_AVAILABLE, "40001", "40P01");

    private final Database database;
    private final GroupMemory memory;
    private final GroupTurns turns;
    private final GroupLimits limits;
    private final GroupMetrics metrics;
    private final GroupLog log;
    private final LongSupplier nanoTime;

    GroupTransactions(
            Database database,
            GroupMemory memory,
            GroupTurns turns,
            GroupLimits limits,
            GroupMetrics metrics,
            LongSupplier nanoTime) {
        this.database = database;
        this.memory = memory;
        this.turns = turns;
        this.limits = limits;
        this.metrics = metrics;
        this.log = new GroupLog(nanoTime);
        this.nanoTime = nanoTime;
    }

    /** What is to become of a group. */
    interface Change {
        /** @param rows for what is not in the state; only to be read */
        Decision of(GroupState state, GroupStore rows);
    }

    private record Outcome(GroupState before, GroupState after, Decision decision, long asOf, boolean isComplete) {}

    /**
     * Changes a group that is there.
     *
     * @param principal who asks
     * @return as it is afterwards
     * @throws ApiException GROUP_ID_NOT_FOUND; BROKER_NOT_AVAILABLE when its lock is not had in time
     */
    GroupState change(String group, String principal, Change change) {
        return turns.inTurn(group, principal, GroupTurns.USUAL_WAIT, () -> complete(group, false, LOCK_WAIT, change));
    }

    /** The same for this server itself, which does not wait for long. */
    GroupState changeSoon(String group, Change change) {
        return turns.inTurn(group, null, SHORT_WAIT, () -> complete(group, false, SHORT_WAIT, change));
    }

    /** The same, and makes the group where there is none. @throws ApiException THROTTLING_QUOTA_EXCEEDED when there are as many as there may be */
    GroupState changeOrMake(String group, String principal, Change change) {
        return turns.inTurn(group, principal, GroupTurns.USUAL_WAIT, () -> complete(group, true, LOCK_WAIT, change));
    }

    private GroupState complete(String group, boolean make, Duration wait, Change change) {
        Outcome outcome = once(group, make, wait, change);
        while (!outcome.isComplete()) {
            outcome = once(group, false, wait, (state, rows) -> Decision.settle(state));
        }
        return outcome.after();
    }

    private Outcome once(String group, boolean make, Duration wait, Change change) {
        long startedAt = nanoTime.getAsLong();
        int epoch = memory.epoch();
        try {
            Outcome outcome = database.transaction(jooq -> {
                jooq.execute("set transaction isolation level read committed");
                return new Transaction(jooq).run(group, make, wait, change);
            });
            memory.remember(outcome.after(), epoch, outcome.asOf());
            count(outcome);
            return outcome;
        } catch (DataAccessException e) {
            SQLException cause = SqlStates.sqlException(e);
            if (cause != null && TO_BE_REPEATED.contains(SqlStates.state(cause))) {
                throw GroupTurns.busy(group);
            }
            ApiException refusal = cause == null ? null : SqlStates.refusal(cause);
            throw refusal == null ? e : refusal;
        } finally {
            metrics.transaction(nanoTime.getAsLong() - startedAt);
        }
    }

    private void count(Outcome outcome) {
        if (outcome.after().generation() != outcome.before().generation()) {
            metrics.rebalanced();
        }
        outcome.decision().departed().forEach(departure -> metrics.departed(departure.reason()));
        outcome.after().members().stream()
                .filter(member -> outcome.before().member(member.memberId()) == null)
                .forEach(joined -> metrics.joined());
        log.changed(outcome.before(), outcome.after(), outcome.decision());
    }

    /** The group as it is now, not kept from being changed; null where there is none. */
    @Nullable
    GroupState read(String group, String principal) {
        return turns.inTurn(group, principal, GroupTurns.USUAL_WAIT, () -> {
            GroupState read = memory.fresh(group);
            return read == null ? readAnew(group) : read;
        });
    }

    /** The same, whatever is remembered. */
    private @Nullable GroupState readAnew(String group) {
        long asOf = nanoTime.getAsLong();
        int epoch = memory.epoch();
        GroupState read = database.transaction(jooq -> {
            jooq.execute("set transaction isolation level repeatable read, read only");
            GroupStore rows = new GroupStore(jooq);
            Integer groupId = rows.find(group);
            return groupId == null ? null : rows.load(groupId);
        });
        if (read == null) {
            memory.forget(group);
        } else {
            memory.remember(read, epoch, asOf);
        }
        return read;
    }

    /** Whether targets fit the topics there are; of a group that is gone they do. Locks nothing. */
    boolean fits(String group) {
        return database.transaction(jooq -> {
            jooq.execute("set transaction isolation level repeatable read, read only");
            GroupStore rows = new GroupStore(jooq);
            Integer groupId = rows.find(group);
            GroupState state = groupId == null ? null : rows.load(groupId);
            return state == null || Targets.fitted(state, false, rows.catalogueOf(state.members())) == state;
        });
    }

    static ApiException noGroup(String group) {
        return new ApiException(ErrorCode.GROUP_ID_NOT_FOUND, "there is no group \"" + GroupNames.shown(group) + "\"");
    }

    /** One of them. */
    private final class Transaction {
        private final GroupStore rows;

        Transaction(DSLContext jooq) {
            this.rows = new GroupStore(jooq);
        }

        Outcome run(String group, boolean make, Duration wait, Change change) {
            GroupState before = locked(group, make, wait);
            long asOf = nanoTime.getAsLong();
            Decision decision = change.of(before, rows);
            GroupState after = decision.isToRebalance()
                    ? Targets.fitted(
                            decision.state(),
                            decision.membersChanged(),
                            rows.catalogueOf(decision.state().members()))
                    : decision.state();
            Map<Integer, @Nullable String> moves = after.moves(decision.letGo());
            boolean hasChanged = write(before, after, decision.departed(), some(moves));
            GroupState stored = hasChanged ? reloaded(after) : before;
            // Where nothing moved, commits are under way; whoever waits for them asks again.
            boolean isComplete = moves.size() <= MAX_MOVES || !hasChanged;
            return new Outcome(before, stored, decision, asOf, isComplete);
        }

        private GroupState locked(String group, boolean make, Duration wait) {
            int waitMs = Math.toIntExact(wait.toMillis());
            for (int tries = 0; tries < MAX_TRIES; tries++) {
                Integer groupId = rows.find(group);
                if (groupId == null && make) {
                    rows.make(group, waitMs, limits);
                    groupId = rows.find(group);
                }
                if (groupId == null) {
                    throw noGroup(group);
                }
                rows.lock(groupId, waitMs, IDLE_MS);
                GroupState state = rows.load(groupId);
                if (state != null) {
                    return state;
                }
                // It was deleted while its lock was waited for.
            }
            throw GroupTurns.busy(group);
        }

        /** @return whether anything was written */
        private boolean write(
                GroupState before, GroupState after, List<Departure> departed, Map<Integer, @Nullable String> moves) {
            boolean isOther = after != before
                    && (after.generation() != before.generation()
                            || !Set.copyOf(after.members()).equals(Set.copyOf(before.members())));
            if (isOther) {
                rows.write(before, after, departed);
            }
            Set<Integer> moved = moves.isEmpty() ? Set.of() : rows.move(after, moves);
            boolean isNoted = rows.noteRevoking(after.moved(moves, moved));
            boolean hasChanged = isOther || !moved.isEmpty() || isNoted;
            if (hasChanged) {
                rows.raiseVersion(after);
            }
            return hasChanged;
        }

        private GroupState reloaded(GroupState written) {
            GroupState state = rows.load(written.groupId());
            if (state == null) {
                throw new IllegalStateException("a group was deleted without its lock");
            }
            return state;
        }
    }

    /** As many as fit, drawn by lot: some may be held up for long. */
    private static Map<Integer, @Nullable String> some(Map<Integer, @Nullable String> moves) {
        if (moves.size() <= MAX_MOVES) {
            return moves;
        }
        List<Integer> partitions = new ArrayList<>(moves.keySet());
        Collections.shuffle(partitions);
        Map<Integer, @Nullable String> some = new HashMap<>();
        partitions.subList(0, MAX_MOVES).forEach(partition -> some.put(partition, moves.get(partition)));
        return some;
    }
}
