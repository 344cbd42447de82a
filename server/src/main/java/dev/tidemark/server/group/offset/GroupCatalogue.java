package dev.tidemark.server.group.offset;

import static dev.tidemark.schema.tidemark_internal.Tables.CONSUMER_GROUP;
import static dev.tidemark.schema.tidemark_internal.Tables.GROUP_MEMBER;
import static dev.tidemark.schema.tidemark_internal.Tables.GROUP_PARTITION;
import static dev.tidemark.schema.tidemark_internal.Tables.GROUP_STATE;
import static dev.tidemark.schema.tidemark_internal.Tables.PARTITION;
import static dev.tidemark.schema.tidemark_internal.Tables.TOPIC;

import dev.tidemark.protocol.api.PartitionName;
import dev.tidemark.schema.tidemark_internal.Tables;
import dev.tidemark.schema.tidemark_internal.tables.records.GroupMemberRecord;
import dev.tidemark.server.postgres.Database;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;
import org.jspecify.annotations.Nullable;

/** Groups and offsets as they stand in the database. */
final class GroupCatalogue {
    private final Database database;

    GroupCatalogue(Database database) {
        this.database = database;
    }

    List<CommittedPosition> committed(String group, @Nullable String topic) {
        return database.query(jooq -> jooq.selectFrom(Tables.COMMITTED_OFFSETS(
                                DSL.val(group, SQLDataType.CLOB), DSL.val(topic, SQLDataType.CLOB)))
                        .fetch())
                .map(row -> new CommittedPosition(
                        row.getTopic(),
                        row.getPartition(),
                        row.getCommittedOffset(),
                        row.getLeaderEpoch(),
                        row.getMetadata(),
                        row.getCommittedAt().toEpochMilli()));
    }

    void requireGroup(String group) {
        boolean exists = database.query(jooq -> jooq.fetchExists(
                CONSUMER_GROUP, CONSUMER_GROUP.NAME.eq(group).and(CONSUMER_GROUP.DELETED_AT.isNull())));
        if (!exists) {
            throw GroupOffsets.unknown(group);
        }
    }

    List<Group> list() {
        Field<String[]> topics = DSL.field(DSL.select(DSL.arrayAggDistinct(TOPIC.NAME))
                .from(GROUP_PARTITION)
                .join(PARTITION)
                .on(PARTITION.PARTITION_ID.eq(GROUP_PARTITION.PARTITION_ID))
                .join(TOPIC)
                .on(TOPIC.TOPIC_ID.eq(PARTITION.TOPIC_ID))
                .where(GROUP_PARTITION.GROUP_ID.eq(GROUP_STATE.GROUP_ID))
                .and(TOPIC.DELETED_AT.isNull()));
        return database.query(jooq -> jooq.select(
                        GROUP_STATE.NAME,
                        GROUP_STATE.STATE,
                        GROUP_STATE.GENERATION_ID,
                        GROUP_STATE.MEMBER_COUNT,
                        topics)
                .from(GROUP_STATE)
                .orderBy(GROUP_STATE.NAME)
                .fetch(row -> new Group(row.value1(), row.value2(), row.value3(), row.value4(), setOf(row.value5()))));
    }

    private static Set<String> setOf(String @Nullable [] names) {
        return names == null ? Set.of() : Set.of(names);
    }

    GroupDetails describe(String group) {
        return database.transaction(jooq -> {
            var state = jooq.selectFrom(GROUP_STATE)
                    .where(GROUP_STATE.NAME.eq(group))
                    .fetchOne();
            if (state == null) {
                throw GroupOffsets.unknown(group);
            }
            List<GroupMemberRecord> members = jooq.selectFrom(GROUP_MEMBER)
                    .where(GROUP_MEMBER.GROUP_ID.eq(state.getGroupId()))
                    .orderBy(GROUP_MEMBER.MEMBER_NO)
                    .fetch();
            Map<String, List<Owned>> owned = owned(jooq, state.getGroupId());
            return new GroupDetails(
                    group,
                    state.getState(),
                    state.getGenerationId(),
                    members.isEmpty() ? null : members.get(0).getAssignor(),
                    members.stream()
                            .map(member -> member(member, owned.getOrDefault(member.getMemberId(), List.of())))
                            .toList(),
                    progress(jooq, group, null).stream()
                            .sorted(Comparator.comparing(GroupDetails.Progress::topic)
                                    .thenComparing(GroupDetails.Progress::partition))
                            .toList());
        });
    }

    private record Owned(int partitionId, PartitionName name) {}

    private static Map<String, List<Owned>> owned(DSLContext jooq, int groupId) {
        return jooq.select(
                        GROUP_PARTITION.OWNER_MEMBER_ID, GROUP_PARTITION.PARTITION_ID, TOPIC.NAME, PARTITION.PARTITION_)
                .from(GROUP_PARTITION)
                .join(PARTITION)
                .on(PARTITION.PARTITION_ID.eq(GROUP_PARTITION.PARTITION_ID))
                .join(TOPIC)
                .on(TOPIC.TOPIC_ID.eq(PARTITION.TOPIC_ID))
                .where(GROUP_PARTITION.GROUP_ID.eq(groupId))
                .and(GROUP_PARTITION.OWNER_MEMBER_ID.isNotNull())
                .and(TOPIC.DELETED_AT.isNull())
                .orderBy(TOPIC.NAME, PARTITION.PARTITION_)
                .fetchGroups(
                        GROUP_PARTITION.OWNER_MEMBER_ID,
                        row -> new Owned(row.value2(), new PartitionName(row.value3(), row.value4())));
    }

    private static GroupDetails.Member member(GroupMemberRecord member, List<Owned> owned) {
        Set<Integer> target = new HashSet<>(List.of(member.getTarget()));
        return new GroupDetails.Member(
                member.getMemberId(),
                member.getGroupInstanceId(),
                member.getClientId(),
                member.getPrincipal(),
                member.getJoinedAt().toEpochMilli(),
                member.getSessionTimeoutMs(),
                member.getTopics() == null ? null : List.of(member.getTopics()),
                member.getPattern(),
                owned.stream()
                        .filter(one -> target.contains(one.partitionId()))
                        .map(Owned::name)
                        .toList());
    }

    /** Those furthest behind first. @param group null: of all groups @param limit null: all */
    List<GroupDetails.Progress> progress(@Nullable String group, @Nullable Integer limit) {
        return database.query(jooq -> progress(jooq, group, limit));
    }

    private static List<GroupDetails.Progress> progress(
            DSLContext jooq, @Nullable String group, @Nullable Integer limit) {
        return jooq.selectFrom(Tables.GROUP_LAGS(DSL.val(group, SQLDataType.CLOB), DSL.val(limit, SQLDataType.INTEGER)))
                .fetch()
                .map(row -> {
                    Instant committedAt = row.getCommittedAt();
                    return new GroupDetails.Progress(
                            row.getGroupName(),
                            row.getTopic(),
                            row.getPartition(),
                            row.getOwnerMemberId(),
                            row.getCommittedOffset(),
                            row.getMetadata(),
                            committedAt == null ? null : committedAt.toEpochMilli(),
                            row.getLogStartOffset(),
                            row.getLogEndOffset(),
                            row.getLag(),
                            row.getLagMs());
                });
    }
}
