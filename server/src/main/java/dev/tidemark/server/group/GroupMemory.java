package dev.tidemark.server.group;

import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The groups that were asked for lately, as they were a moment ago. What is not confirmed by the database for longer than a bound is not used. Thread-safe; nothing here blocks.
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
    private final Map<String, Remembered> groups = new ConcurrentHashMap<>();

    private static final class Remembered {
        private final GroupState state;
        private volatile long asOf;
        private volatile long askedAt;

        Remembered(GroupState state, long asOf) {
            this.state = state;
            this.asOf = asOf;
            this.askedAt = asOf;
        }
    }

    GroupMemory(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
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

    /** The group as it was at some time. */
    @Nullable
    GroupState stale(String group) {
        Remembered remembered = groups.get(group);
        return remembered == null ? null : remembered.state;
    }

    private boolean isFresh(Remembered remembered) {
        return nanoTime.getAsLong() - remembered.asOf < MAX_AGE.toNanos();
    }

    /** @param asOf when the database was asked */
    void remember(GroupState state, long asOf) {
        if (groups.size() >= MAX_GROUPS && !groups.containsKey(state.name())) {
            return;
        }
        groups.merge(state.name(), new Remembered(state, asOf), (old, read) -> isNewer(read, old) ? read : old);
    }

    /** One that cannot be confirmed may be of a database that was restored since, whose versions begin anew. */
    private boolean isNewer(Remembered read, Remembered old) {
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
        groups.values().removeIf(remembered -> now - remembered.askedAt > KEPT_FOR.toNanos());
        return groups.values().stream().map(one -> one.state.groupId()).collect(Collectors.toSet());
    }

    /**
     * What has changed is forgotten.
     *
     * @param versions by group id, as the database has them; a group that is not there is there no more
     * @param asOf when the database was asked
     */
    void confirm(Map<Integer, Long> versions, Set<Integer> asked, long asOf) {
        groups.values().removeIf(remembered -> {
            int id = remembered.state.groupId();
            if (!asked.contains(id) || remembered.asOf - asOf > 0) {
                return false;
            }
            Long version = versions.get(id);
            if (version != null && version == remembered.state.version()) {
                remembered.asOf = asOf;
                return false;
            }
            return true;
        });
    }
}
