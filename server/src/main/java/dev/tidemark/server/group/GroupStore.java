package dev.tidemark.server.group;

import static dev.tidemark.schema.tidemark_internal.Tables.CONSUMER_GROUP;
import static dev.tidemark.schema.tidemark_internal.Tables.GROUP_MEMBER;
import static dev.tidemark.schema.tidemark_internal.Tables.GROUP_PARTITION;
import static dev.tidemark.schema.tidemark_internal.Tables.MOVE_PARTITIONS;
import static dev.tidemark.schema.tidemark_internal.Tables.PARTITION;
import static dev.tidemark.schema.tidemark_internal.Tables.PAST_MEMBER;
import static dev.tidemark.schema.tidemark_internal.Tables.TOPIC;

import dev.tidemark.protocol.api.PartitionName;
import dev.tidemark.schema.tidemark_internal.Routines;
import dev.tidemark.schema.tidemark_internal.tables.records.GroupMemberRecord;
import dev.tidemark.server.access.TopicScope;
import dev.tidemark.server.group.assignor.Assignor;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jooq.Condition;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.Query;
import org.jooq.Record3;
import org.jooq.Result;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;

/** A group's rows. Each method is to be called within a database transaction; those that write, under the group's lock. */
final class GroupStore {
    private static final Field<Instant> CLOCK = DSL.field("clock_timestamp()", Instant.class);

    /** Since when a member has had to let go of something, in milliseconds; null of one that has not. */
    static final Field<Long> REVOKING_MS = DSL.field(
            "(extract(epoch from clock_timestamp() - {0}) * 1000)::bigint", Long.class, GROUP_MEMBER.REVOKING_SINCE);

    private final DSLContext jooq;

    /** @param jooq of the database transaction */
    GroupStore(DSLContext jooq) {
        this.jooq = jooq;
    }

    /** Its id; null where there is no such group. */
    @Nullable
    Integer find(String group) {
        return jooq.select(CONSUMER_GROUP.GROUP_ID)
                .from(CONSUMER_GROUP)
                .where(CONSUMER_GROUP.NAME.eq(group))
                .and(CONSUMER_GROUP.DELETED_AT.isNull())
                .fetchOne(CONSUMER_GROUP.GROUP_ID);
    }

    /**
     * Makes it, unless somebody else does.
     *
     * @throws org.jooq.exception.DataAccessException with 55P03 when another's transaction that is making it takes longer than that, with TM089 when there are as many groups as there may be
     */
    void make(String group, int waitMs, GroupLimits limits) {
        jooq.select(limits.tell()).fetch();
        Routines.makeGroupPartitions(jooq.configuration(), group, new String[0], new Integer[0], waitMs + "ms");
    }

    /** Until the end of the database transaction. @throws org.jooq.exception.DataAccessException with 55P03 when it is not had in time */
    void lock(int groupId, int waitMs, int idleMs) {
        Routines.lockGroup(jooq.configuration(), groupId, waitMs, idleMs);
    }

    /** The group as it is now; null where it was deleted. */
    @Nullable
    GroupState load(int groupId) {
        var group = jooq.select(CONSUMER_GROUP.NAME, CONSUMER_GROUP.GENERATION_ID, CONSUMER_GROUP.STATE_VERSION)
                .from(CONSUMER_GROUP)
                .where(CONSUMER_GROUP.GROUP_ID.eq(groupId))
                .and(CONSUMER_GROUP.DELETED_AT.isNull())
                .fetchOne();
        if (group == null) {
            return null;
        }
        Map<String, GroupMember> members = members(groupId);
        Map<Integer, String> owners = owners(groupId);
        Set<Integer> partitions = new HashSet<>(owners.keySet());
        members.values().forEach(member -> partitions.addAll(member.target()));
        return new GroupState(
                groupId, group.value1(), group.value2(), group.value3(), members, owners, names(partitions));
    }

    private Map<String, GroupMember> members(int groupId) {
        Map<String, GroupMember> members = new HashMap<>();
        jooq.selectFrom(GROUP_MEMBER)
                .where(GROUP_MEMBER.GROUP_ID.eq(groupId))
                .forEach(row -> members.put(row.getMemberId(), member(row)));
        return members;
    }

    static GroupMember member(GroupMemberRecord row) {
        return new GroupMember(
                row.getMemberNo(),
                row.getMemberId(),
                row.getGroupInstanceId(),
                row.getClientId(),
                row.getPrincipal(),
                new TopicScope(List.of(row.getReadable())),
                new Subscription(row.getTopics() == null ? null : List.of(row.getTopics()), row.getPattern()),
                // One that a newer server knows, and this one does not, is nobody's wish here.
                Assignor.byConfigName(row.getAssignor()).orElse(Assignor.STICKY),
                new Timeouts(row.getSessionTimeoutMs(), row.getRebalanceTimeoutMs(), row.getHeartbeatIntervalMs()),
                Set.of(row.getTarget()),
                row.getRevokingSince() != null);
    }

    private Map<Integer, String> owners(int groupId) {
        return jooq.select(GROUP_PARTITION.PARTITION_ID, GROUP_PARTITION.OWNER_MEMBER_ID)
                .from(GROUP_PARTITION)
                .where(GROUP_PARTITION.GROUP_ID.eq(groupId))
                .and(GROUP_PARTITION.OWNER_MEMBER_ID.isNotNull())
                .fetchMap(GROUP_PARTITION.PARTITION_ID, GROUP_PARTITION.OWNER_MEMBER_ID);
    }

    private Map<Integer, PartitionName> names(Set<Integer> partitions) {
        Map<Integer, PartitionName> names = new HashMap<>();
        if (!partitions.isEmpty()) {
            Integer[] ids = partitions.toArray(Integer[]::new);
            partitionsWhere(PARTITION.PARTITION_ID.eq(DSL.any(ids)))
                    .forEach(row -> names.put(row.value3(), new PartitionName(row.value1(), row.value2())));
        }
        return names;
    }

    private Result<Record3<String, Integer, Integer>> partitionsWhere(Condition condition) {
        return jooq.select(TOPIC.NAME, PARTITION.PARTITION_, PARTITION.PARTITION_ID)
                .from(PARTITION)
                .join(TOPIC)
                .on(TOPIC.TOPIC_ID.eq(PARTITION.TOPIC_ID))
                .where(TOPIC.DELETED_AT.isNull())
                .and(condition)
                .orderBy(TOPIC.NAME, PARTITION.PARTITION_)
                .fetch();
    }

    /** What its members subscribe to, as far as it exists. */
    TopicCatalogue catalogueOf(Collection<GroupMember> members) {
        Set<String> topics = new HashSet<>();
        boolean isByPattern = false;
        for (GroupMember member : members) {
            List<String> named = member.subscription().topics();
            isByPattern |= named == null;
            topics.addAll(named == null ? List.of() : named);
        }
        return isByPattern ? catalogue() : catalogue(TOPIC.NAME.eq(DSL.any(topics.toArray(String[]::new))));
    }

    /** All topics. */
    TopicCatalogue catalogue() {
        return catalogue(DSL.noCondition());
    }

    private TopicCatalogue catalogue(Condition condition) {
        Map<String, List<Integer>> partitionIds = new HashMap<>();
        partitionsWhere(condition)
                .forEach(row -> partitionIds
                        .computeIfAbsent(row.value1(), any -> new ArrayList<>())
                        .add(row.value3()));
        return new TopicCatalogue(partitionIds);
    }

    /** What became of it; null where it is not remembered. */
    Departure.@Nullable Past past(int groupId, String memberId) {
        return jooq.select(PAST_MEMBER.REASON, PAST_MEMBER.LEFT_AT)
                .from(PAST_MEMBER)
                .where(PAST_MEMBER.GROUP_ID.eq(groupId))
                .and(PAST_MEMBER.MEMBER_ID.eq(memberId))
                .orderBy(PAST_MEMBER.PAST_MEMBER_ID.desc())
                .limit(1)
                .fetchOne(row -> new Departure.Past(Departure.Reason.of(row.value1()), row.value2()));
    }

    /** Makes the rows of members what they are afterwards. */
    void write(GroupState before, GroupState after, List<Departure> departed) {
        departed.forEach(departure -> remove(before.groupId(), departure));
        List<Query> updates = new ArrayList<>();
        for (GroupMember member : after.members()) {
            if (member.memberNo() == GroupMember.NO_NUMBER) {
                insert(after.groupId(), member);
            } else if (!member.equals(before.member(member.memberId()))) {
                updates.add(update(member));
            }
        }
        if (!updates.isEmpty()) {
            jooq.batch(updates).execute();
        }
    }

    private void remove(int groupId, Departure departure) {
        GroupMember member = departure.member();
        Instant joinedAt = jooq.deleteFrom(GROUP_MEMBER)
                .where(GROUP_MEMBER.MEMBER_NO.eq(member.memberNo()))
                .returningResult(GROUP_MEMBER.JOINED_AT)
                .fetchSingle()
                .value1();
        jooq.insertInto(PAST_MEMBER)
                .set(PAST_MEMBER.GROUP_ID, groupId)
                .set(PAST_MEMBER.MEMBER_ID, member.memberId())
                .set(PAST_MEMBER.GROUP_INSTANCE_ID, member.groupInstanceId())
                .set(PAST_MEMBER.JOINED_AT, joinedAt)
                .set(PAST_MEMBER.REASON, departure.reason().stored())
                .execute();
    }

    private void insert(int groupId, GroupMember member) {
        GroupMemberRecord row = row(member);
        row.setGroupId(groupId);
        row.setMemberId(member.memberId());
        row.set(GROUP_MEMBER.GROUP_INSTANCE_ID, member.groupInstanceId());
        row.setPrincipal(member.principal());
        jooq.insertInto(GROUP_MEMBER).set(row).execute();
    }

    private Query update(GroupMember member) {
        return jooq.update(GROUP_MEMBER).set(row(member)).where(GROUP_MEMBER.MEMBER_NO.eq(member.memberNo()));
    }

    /** What may change of a member. */
    private static GroupMemberRecord row(GroupMember member) {
        GroupMemberRecord row = new GroupMemberRecord();
        List<String> topics = member.subscription().topics();
        row.set(GROUP_MEMBER.CLIENT_ID, member.clientId());
        row.set(GROUP_MEMBER.TOPICS, topics == null ? null : topics.toArray(String[]::new));
        row.set(GROUP_MEMBER.PATTERN, member.subscription().pattern());
        row.setReadable(member.readable().patterns().toArray(String[]::new));
        row.setAssignor(member.assignor().configName());
        row.setSessionTimeoutMs(member.timeouts().sessionMs());
        row.setRebalanceTimeoutMs(member.timeouts().rebalanceMs());
        row.setHeartbeatIntervalMs(member.timeouts().heartbeatIntervalMs());
        row.setTarget(member.target().stream().sorted().toArray(Integer[]::new));
        return row;
    }

    /** @return the partitions that changed hands */
    Set<Integer> move(GroupState state, Map<Integer, @Nullable String> moves) {
        Integer[] partitions = moves.keySet().toArray(Integer[]::new);
        String[] owners = moves.values().toArray(String[]::new);
        return new HashSet<>(jooq.selectFrom(MOVE_PARTITIONS(state.groupId(), state.generation(), partitions, owners))
                .fetch(row -> row.getMovePartitions()));
    }

    /** Notes since when members have had to let go of something. @return whether there was anything to note */
    boolean noteRevoking(GroupState state) {
        List<Integer> begin = new ArrayList<>();
        List<Integer> end = new ArrayList<>();
        for (GroupMember member : state.members()) {
            boolean hasToLetGo = !state.toLetGo(member).isEmpty();
            if (member.memberNo() != GroupMember.NO_NUMBER && hasToLetGo != member.isRevoking()) {
                (hasToLetGo ? begin : end).add(member.memberNo());
            }
        }
        noteRevoking(begin, CLOCK);
        noteRevoking(end, DSL.castNull(Instant.class));
        return !begin.isEmpty() || !end.isEmpty();
    }

    private void noteRevoking(List<Integer> memberNos, Field<Instant> since) {
        if (!memberNos.isEmpty()) {
            jooq.update(GROUP_MEMBER)
                    .set(GROUP_MEMBER.REVOKING_SINCE, since)
                    .where(GROUP_MEMBER.MEMBER_NO.eq(DSL.any(memberNos.toArray(Integer[]::new))))
                    .execute();
        }
    }

    /** Tells whoever remembers the group that it has changed. */
    void raiseVersion(GroupState state) {
        boolean isEmpty = state.members().isEmpty();
        jooq.update(CONSUMER_GROUP)
                .set(CONSUMER_GROUP.GENERATION_ID, state.generation())
                .set(CONSUMER_GROUP.STATE_VERSION, CONSUMER_GROUP.STATE_VERSION.plus(1))
                .set(
                        CONSUMER_GROUP.EMPTIED_AT,
                        isEmpty ? DSL.coalesce(CONSUMER_GROUP.EMPTIED_AT, CLOCK) : DSL.castNull(Instant.class))
                .where(CONSUMER_GROUP.GROUP_ID.eq(state.groupId()))
                .execute();
    }

    /** Whether it has had to let go of something for longer than it may. */
    boolean isRevokingTooLong(int memberNo) {
        return jooq.fetchExists(
                GROUP_MEMBER,
                GROUP_MEMBER
                        .MEMBER_NO
                        .eq(memberNo)
                        .and(REVOKING_MS.gt(GROUP_MEMBER.REBALANCE_TIMEOUT_MS.cast(Long.class))));
    }

    /** How long ago any server heard the member, of what servers have said within that time; null where none has. */
    @Nullable
    Integer lastHeardMsAgo(int memberNo, int withinMs) {
        return Routines.lastHeardMsAgo(jooq.configuration(), memberNo, withinMs);
    }
}
