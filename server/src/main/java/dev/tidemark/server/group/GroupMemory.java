package dev.tidemark.server.group;

import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The groups that were asked for lately, as they were a moment ago. What is not confirmed by the database for longer than a bound is not used, and neither is what was read in another leader epoch
 * than the current one: a database that has lost something may give its versions to other states. Thread-safe; nothing here blocks.
 *
 * <p>An answer from here may be late, which does no harm: a partition that it gives to a member is that member's until the member itself says that it has let go of it, leaves, or is expelled.
 */
final class GroupMemory {
    /** Several confirmations may be late by then. */
    static final Duration MAX_AGE = Duration.ofSeconds(2);

    /** Who is not asked for is not worth confirming. */
    private static final Duration KEPT_FOR = Duration.ofMinutes(2);

    /** Others are asked for in the database. */
    private static final int MAX_GROUPS = 20_000;

    private final LongSupplier nanoTime;
    private final IntSupplier currentEpoch;
    private final Map<String, Remembered> groups = new ConcurrentHashMap<>();

    private static final class Remembered {
        private final GroupState state;
        private final int epoch;
        private volatile long asOf;
        private volatile long askedAt;

        Remembered(GroupState state, int epoch, long asOf) {
            this.state = state;
            this.epoch = epoch;
            this.asOf = asOf;
            this.askedAt = asOf;
        }
    }

    /** @param currentEpoch the number of the leader epoch this server believes in */
    GroupMemory(LongSupplier nanoTime, IntSupplier currentEpoch) {
        this.nanoTime = nanoTime;
        this.currentEpoch = currentEpoch;
    }

    /** The leader epoch to {@link #remember} with what is about to be read. */
    int epoch() {
        return currentEpoch.getAsInt();
    }

    /** The group as it is, or was a moment ago; null where that is not known. */
    @Nullable
    GroupState fresh(String group) {
        Remembered remembered = groups.get(group);
        if (remembered == null) {
            return null;
        }
        remembered.askedAt = nanoTime.getAsLong();
        return isFresh(remembered) ? remembered.state : null;
    }

    /** The group as it was at some time in this leader epoch. */
    @Nullable
    GroupState stale(String group) {
        Remembered remembered = groups.get(group);
        return remembered == null || remembered.epoch != currentEpoch.getAsInt() ? null : remembered.state;
    }

    private boolean isFresh(Remembered remembered) {
        return remembered.epoch == currentEpoch.getAsInt()
                && nanoTime.getAsLong() - remembered.asOf < MAX_AGE.toNanos();
    }

    /**
     * Remembers what was read, unless what is remembered is newer.
     *
     * @param epoch as {@link #epoch} had it before the database was asked: what was read may be of a later one, and is then not used, but never of an earlier one
     * @param asOf when the database was asked
     */
    void remember(GroupState state, int epoch, long asOf) {
        if (groups.size() >= MAX_GROUPS && !groups.containsKey(state.name())) {
            return;
        }
        groups.merge(state.name(), new Remembered(state, epoch, asOf), (old, read) -> isNewer(read, old) ? read : old);
    }

    /** One that cannot be confirmed may be of a database that was restored since, whose versions begin anew. */
    private boolean isNewer(Remembered read, Remembered old) {
        if (read.epoch != old.epoch) {
            return read.epoch > old.epoch;
        }
        return read.state.groupId() > old.state.groupId()
                || read.state.version() >= old.state.version()
                || !isFresh(old);
    }

    void forget(String group) {
        groups.remove(group);
    }

    /** The ids of what is remembered and asked for; the others are forgotten. */
    Set<Integer> groupIds() {
        long now = nanoTime.getAsLong();
        groups.values()
                .removeIf(remembered ->
                        now - remembered.askedAt > KEPT_FOR.toNanos() || remembered.epoch != currentEpoch.getAsInt());
        return groups.values().stream().map(one -> one.state.groupId()).collect(Collectors.toSet());
    }

    /**
     * What has changed is forgotten.
     *
     * @param versions by group id, as the database has them; a group that is not there is there no more
     * @param epoch in which the database was asked
     * @param asOf when it was
     */
    void confirm(Map<Integer, Long> versions, Set<Integer> asked, int epoch, long asOf) {
        groups.values().removeIf(remembered -> {
            int id = remembered.state.groupId();
            if (!asked.contains(id) || remembered.asOf - asOf > 0) {
                return false;
            }
            Long version = versions.get(id);
            if (version != null && version == remembered.state.version() && epoch == remembered.epoch) {
                remembered.asOf = asOf;
                return false;
            }
            return true;
        });
    }
}
