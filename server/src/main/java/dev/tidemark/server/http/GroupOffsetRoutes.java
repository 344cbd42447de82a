package dev.tidemark.server.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.CommitOffsetsRequest;
import dev.tidemark.protocol.api.CommitOffsetsResult;
import dev.tidemark.protocol.api.CommittedOffset;
import dev.tidemark.protocol.api.CommittedOffsets;
import dev.tidemark.protocol.api.OffsetToCommit;
import dev.tidemark.protocol.api.PartitionName;
import dev.tidemark.server.access.Permission;
import dev.tidemark.server.access.Principal;
import dev.tidemark.server.group.offset.CommittedPosition;
import dev.tidemark.server.group.offset.GroupOffsets;
import dev.tidemark.server.group.offset.OffsetReset;
import dev.tidemark.server.group.offset.OffsetReset.Target;
import dev.tidemark.server.http.RequestBodies.Body;
import dev.tidemark.server.topic.Topics;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** Committed offsets: read, committed, set. Each needs the permission to read the topics concerned. */
final class GroupOffsetRoutes {
    private static final String TO_LEGAL = "earliest, latest, or " + Timestamps.LEGAL;

    private final GroupOffsets groups;
    private final Topics topics;
    private final RequestBodies bodies;
    private final Executor answering;

    GroupOffsetRoutes(GroupOffsets groups, Topics topics, RequestBodies bodies, Executor answering) {
        this.groups = groups;
        this.topics = topics;
        this.bodies = bodies;
        this.answering = answering;
    }

    List<Route> routes() {
        return List.of(
                new Route(HandlerType.GET, "/v1/groups/{group}/offsets", Need.READ_SOMEWHERE, this::committed),
                new Route(HandlerType.POST, "/v1/groups/{group}/offsets", Need.READ_SOMEWHERE, this::commit),
                new Route(HandlerType.POST, "/v1/groups/{group}/offsets/reset", Need.READ_SOMEWHERE, this::reset));
    }

    private void committed(Context ctx) {
        String topic = Query.of(ctx, "topic").text("topic");
        Principal principal = Gate.principal(ctx);
        if (topic != null) {
            principal.require(Permission.READ, topic);
        }
        String group = ctx.pathParam("group");
        List<CommittedOffset> offsets = groups.committed(group, topic).stream()
                .filter(position -> principal.may(Permission.READ, position.topic()))
                .map(GroupOffsetRoutes::committed)
                .toList();
        Answers.json(ctx, 200, new CommittedOffsets(group, offsets));
    }

    private static CommittedOffset committed(CommittedPosition position) {
        return new CommittedOffset(
                position.topic(),
                position.partition(),
                position.committedOffset(),
                position.leaderEpoch(),
                position.metadata(),
                Timestamps.format(position.committedAtMs()));
    }

    private void commit(Context ctx) {
        Query.of(ctx);
        ContentTypes.requireJson(ctx);
        bodies.read(ctx, body -> {
            CommitOffsetsRequest request = commitRequest(body);
            Principal principal = Gate.principal(ctx);
            request.offsets().forEach(offset -> principal.require(Permission.READ, offset.topic()));
            CompletableFuture<Void> committed = groups.commit(ctx.pathParam("group"), request, principal.name());
            CommitOffsetsResult answer = new CommitOffsetsResult(request.offsets().stream()
                    .map(offset -> new CommitOffsetsResult.PartitionCommit(
                            offset.topic(), offset.partition(), offset.committedOffset()))
                    .toList());
            ctx.future(() -> committed.thenRunAsync(() -> Answers.json(ctx, 200, answer), answering));
        });
    }

    private static CommitOffsetsRequest commitRequest(Body body) {
        JsonFields fields = JsonFields.read(body, "member_id", "generation_id", "commit_number", "offsets");
        List<JsonNode> elements = fields.requiredList("offsets");
        List<OffsetToCommit> offsets = new ArrayList<>(elements.size());
        for (int i = 0; i < elements.size(); i++) {
            offsets.add(offset(JsonFields.of(
                    elements.get(i),
                    "offsets[" + i + "]",
                    "topic",
                    "partition",
                    "committed_offset",
                    "leader_epoch",
                    "metadata")));
        }
        return new CommitOffsetsRequest(
                fields.has("member_id") ? fields.requiredText("member_id") : null,
                fields.integer("generation_id", 0, Integer.MAX_VALUE),
                fields.has("commit_number")
                        ? fields.longInteger(fields.required("commit_number"), "commit_number", 0, Long.MAX_VALUE)
                        : null,
                offsets);
    }

    private static OffsetToCommit offset(JsonFields fields) {
        return new OffsetToCommit(
                fields.requiredText("topic"),
                fields.requiredInteger("partition", 0, Integer.MAX_VALUE),
                fields.longInteger(fields.required("committed_offset"), "committed_offset", 0, Long.MAX_VALUE),
                fields.integer("leader_epoch", 0, Integer.MAX_VALUE),
                fields.has("metadata") ? fields.requiredText("metadata") : null);
    }

    private void reset(Context ctx) {
        Query.of(ctx);
        ContentTypes.requireJson(ctx);
        bodies.read(ctx, body -> {
            JsonFields fields = JsonFields.read(body, "topics", "partitions", "to", "to_offset", "shift_by", "dry_run");
            Principal principal = Gate.principal(ctx);
            String group = ctx.pathParam("group");
            Target to = target(fields);
            boolean dryRun = fields.bool("dry_run", false);
            List<PartitionName> partitions = partitions(group, fields, principal);
            Answers.json(ctx, 200, groups.reset(new OffsetReset(group, partitions, to, dryRun, principal.name())));
        });
    }

    private List<PartitionName> partitions(String group, JsonFields fields, Principal principal) {
        if (!fields.has("topics") && !fields.has("partitions")) {
            groups.topics(group).forEach(topic -> principal.require(Permission.READ, topic));
            return groups.committed(group, null).stream()
                    .map(position -> new PartitionName(position.topic(), position.partition()))
                    .toList();
        }
        List<PartitionName> partitions = new ArrayList<>();
        if (fields.has("topics")) {
            for (JsonNode topic : fields.requiredList("topics")) {
                addAll(partitions, fields.text(topic, "topics"), principal);
            }
        }
        if (fields.has("partitions")) {
            List<JsonNode> elements = fields.requiredList("partitions");
            for (int i = 0; i < elements.size(); i++) {
                partitions.add(partition(
                        JsonFields.of(elements.get(i), "partitions[" + i + "]", "topic", "partition"), principal));
            }
        }
        return partitions;
    }

    private void addAll(List<PartitionName> partitions, String topic, Principal principal) {
        principal.require(Permission.READ, topic);
        int count = topics.find(topic).partitionCount();
        for (int partition = 0; partition < count; partition++) {
            partitions.add(new PartitionName(topic, partition));
        }
    }

    private static PartitionName partition(JsonFields fields, Principal principal) {
        String topic = fields.requiredText("topic");
        principal.require(Permission.READ, topic);
        return new PartitionName(topic, fields.requiredInteger("partition", 0, Integer.MAX_VALUE));
    }

    private static Target target(JsonFields fields) {
        int given = 0;
        Target target = null;
        if (fields.has("to")) {
            given++;
            target = namedTarget(fields, fields.required("to"));
        }
        if (fields.has("to_offset")) {
            given++;
            target =
                    new Target.Offset(fields.longInteger(fields.required("to_offset"), "to_offset", 0, Long.MAX_VALUE));
        }
        if (fields.has("shift_by")) {
            given++;
            target = new Target.Shift(
                    fields.longInteger(fields.required("shift_by"), "shift_by", Long.MIN_VALUE, Long.MAX_VALUE));
        }
        if (target == null || given != 1) {
            throw new ApiException(
                    ErrorCode.INVALID_REQUEST,
                    "the body must have exactly one of \"to\", \"to_offset\" and \"shift_by\"");
        }
        return target;
    }

    private static Target namedTarget(JsonFields fields, JsonNode to) {
        if (to.isTextual()) {
            Target named = namedTarget(to.textValue());
            if (named != null) {
                return named;
            }
        } else if (to.isIntegralNumber() && to.canConvertToLong() && Timestamps.isWritable(to.longValue())) {
            return new Target.Time(to.longValue());
        }
        throw fields.wrong("to", TO_LEGAL, to);
    }

    private static @Nullable Target namedTarget(String text) {
        switch (text) {
            case "earliest", "beginning" -> {
                return new Target.Earliest();
            }
            case "latest", "end" -> {
                return new Target.Latest();
            }
            default -> {
                OptionalLong time = Timestamps.parse(text);
                return time.isPresent() ? new Target.Time(time.getAsLong()) : null;
            }
        }
    }
}
