package dev.tidemark.server.group.offset;

import dev.tidemark.protocol.api.PartitionName;
import dev.tidemark.protocol.api.ResetOffsetsResult;
import dev.tidemark.protocol.api.ResetOffsetsResult.PartitionReset;
import dev.tidemark.schema.tidemark_internal.Routines;
import dev.tidemark.server.group.GroupLimits;
import dev.tidemark.server.log.RecordLog;
import dev.tidemark.server.log.fetch.OffsetFound;
import dev.tidemark.server.log.fetch.OffsetQuery;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.topic.Topic;
import dev.tidemark.server.topic.Topics;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Sets the offsets of groups without members. */
final class OffsetResets {
    private final Database database;
    private final Topics topics;
    private final GroupLimits limits;
    private final RecordLog log;

    OffsetResets(Database database, Topics topics, RecordLog log, GroupLimits limits) {
        this.limits = limits;
        this.database = database;
        this.topics = topics;
        this.log = log;
    }

    ResetOffsetsResult reset(OffsetReset reset) {
        OffsetReset.Target to = reset.to();
        if (to instanceof OffsetReset.Target.Earliest) {
            return reset(reset, "earliest", nothing(reset));
        } else if (to instanceof OffsetReset.Target.Latest) {
            return reset(reset, "latest", nothing(reset));
        } else if (to instanceof OffsetReset.Target.Shift shift) {
            return reset(reset, "shift", forAll(reset, shift.by()));
        } else if (to instanceof OffsetReset.Target.Offset offset) {
            return reset(reset, "offset", forAll(reset, offset.offset()));
        }
        return reset(reset, "offset", atTime(reset, ((OffsetReset.Target.Time) to).timestampMs()));
    }

    private static List<@Nullable Long> nothing(OffsetReset reset) {
        return forAll(reset, null);
    }

    private static List<@Nullable Long> forAll(OffsetReset reset, @Nullable Long value) {
        List<@Nullable Long> values = new ArrayList<>();
        reset.partitions().forEach(partition -> values.add(value));
        return values;
    }

    private List<@Nullable Long> atTime(OffsetReset reset, long timestampMs) {
        List<@Nullable Long> offsets = new ArrayList<>();
        for (PartitionName partition : reset.partitions()) {
            Topic topic = topics.find(partition.topic());
            OffsetFound found = log.offset(topic, partition.partition(), new OffsetQuery.AtTime(timestampMs));
            Long offset = found.offset();
            offsets.add(offset == null ? found.logEndOffset() : offset);
        }
        return offsets;
    }

    private ResetOffsetsResult reset(OffsetReset reset, String to, List<@Nullable Long> values) {
        List<PartitionName> partitions = reset.partitions();
        var rows = GroupLocks.patiently(() -> database.transaction(jooq -> {
            jooq.select(limits.tell()).fetch();
            return Routines.resetGroupOffsets(
                    jooq.configuration(),
                    reset.group(),
                    partitions.stream().map(PartitionName::topic).toArray(String[]::new),
                    partitions.stream().map(PartitionName::partition).toArray(Integer[]::new),
                    to,
                    values.toArray(Long[]::new),
                    reset.dryRun(),
                    reset.principal());
        }));
        List<PartitionReset> done = rows.map(row -> new PartitionReset(
                row.getTopic(), row.getPartition(), row.getPreviousOffset(), row.getCommittedOffset()));
        return new ResetOffsetsResult(reset.dryRun(), done);
    }
}
