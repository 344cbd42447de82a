package dev.tidemark.server.group;

import static dev.tidemark.schema.tidemark_internal.Tables.CONSUMER_GROUP;
import static dev.tidemark.schema.tidemark_internal.Tables.GROUP_MEMBER;

import dev.tidemark.server.log.epoch.LeaderEpoch;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jooq.DSLContext;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;

/**
 * Every member of every group, as far as it matters to who watches over them. Reads again only groups that have changed, and all of them in a new leader epoch. For one thread; the counts are for any.
 */
final class Roster {
    private final LongSupplier nanoTime;
    private Map<Integer, Group> groups = new HashMap<>();
    private int epoch;
    private Set<String> changed = Set.of();
    private volatile int groupCount;
    private volatile int memberCount;

    record Group(String name, long version, List<Listed> members) {}

    /**
     * One member.
     *
     * @param mustLetGoBy in nanoseconds of the clock; null where it has nothing to let go of
     */
    record Listed(
            int memberNo,
            String memberId,
            int sessionTimeoutMs,
            @Nullable Long mustLetGoBy,
            Subscription subscription) {}

    Roster(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    int groupCount() {
        return groupCount;
    }

    int memberCount() {
        return memberCount;
    }

    Collection<Group> groups() {
        return groups.values();
    }

    /** Makes it what the database has, in that leader epoch and in no other. */
    void read(DSLContext jooq, LeaderEpoch current) {
        if (current.number() != epoch) {
            groups = new HashMap<>();
            epoch = current.number();
        }
        Map<Integer, Group> now = new HashMap<>();
        jooq.select(CONSUMER_GROUP.GROUP_ID, CONSUMER_GROUP.NAME, CONSUMER_GROUP.STATE_VERSION)
                .from(CONSUMER_GROUP)
                .where(CONSUMER_GROUP.DELETED_AT.isNull())
                .and(CONSUMER_GROUP.EMPTIED_AT.isNull())
                .and(current.required())
                .forEach(row -> now.put(row.value1(), known(row.value1(), row.value2(), row.value3())));
        Set<Integer> unread = now.entrySet().stream()
                .filter(group -> group.getValue().members().isEmpty())
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
        if (!unread.isEmpty()) {
            readMembers(jooq, unread, now);
        }
        changed = unread.stream()
                .map(now::get)
                .filter(Objects::nonNull)
                .map(Group::name)
                .collect(Collectors.toUnmodifiableSet());
        groups = now;
        groupCount = now.size();
        memberCount =
                now.values().stream().mapToInt(group -> group.members().size()).sum();
    }

    /** The groups that have changed since the read before, or were not there. */
    Set<String> changed() {
        return changed;
    }

    private Group known(int groupId, String name, long version) {
        Group known = groups.get(groupId);
        return known != null && known.version() == version ? known : new Group(name, version, new ArrayList<>());
    }

    private void readMembers(DSLContext jooq, Set<Integer> unread, Map<Integer, Group> into) {
        long now = nanoTime.getAsLong();
        jooq.select(
                        GROUP_MEMBER.GROUP_ID,
                        GROUP_MEMBER.MEMBER_NO,
                        GROUP_MEMBER.MEMBER_ID,
                        GROUP_MEMBER.SESSION_TIMEOUT_MS,
                        GROUP_MEMBER.REBALANCE_TIMEOUT_MS.cast(Long.class).minus(GroupStore.REVOKING_MS),
                        GROUP_MEMBER.TOPICS,
                        GROUP_MEMBER.PATTERN)
                .from(GROUP_MEMBER)
                .where(GROUP_MEMBER.GROUP_ID.eq(DSL.any(unread.toArray(Integer[]::new))))
                .forEach(row -> {
                    Long leftMs = row.value5();
                    String[] topics = row.value6();
                    Group group = into.get(row.value1());
                    if (group != null) {
                        group.members()
                                .add(new Listed(
                                        row.value2(),
                                        row.value3(),
                                        row.value4(),
                                        leftMs == null ? null : now + TimeUnit.MILLISECONDS.toNanos(leftMs),
                                        new Subscription(topics == null ? null : List.of(topics), row.value7())));
                    }
                });
    }
}
