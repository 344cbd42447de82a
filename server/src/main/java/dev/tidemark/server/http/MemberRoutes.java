package dev.tidemark.server.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tidemark.protocol.api.HeartbeatRequest;
import dev.tidemark.protocol.api.JoinGroupRequest;
import dev.tidemark.protocol.api.PartitionName;
import dev.tidemark.server.access.Principal;
import dev.tidemark.server.group.Groups;
import dev.tidemark.server.http.RequestBodies.Body;
import dev.tidemark.server.topic.Topics;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Members of consumer groups: how they come, stay and go. */
final class MemberRoutes {
    private static final String MEMBERS = "/v1/groups/{group}/members";
    private static final String MEMBER = MEMBERS + "/{member}";

    private final Groups groups;
    private final RequestBodies bodies;

    MemberRoutes(Groups groups, RequestBodies bodies) {
        this.groups = groups;
        this.bodies = bodies;
    }

    List<Route> routes() {
        return List.of(
                new Route(HandlerType.POST, MEMBERS, Need.READ_SOMEWHERE, this::join),
                new Route(HandlerType.POST, MEMBER + "/heartbeat", Need.READ_SOMEWHERE, this::heartbeat),
                new Route(HandlerType.DELETE, MEMBER, Need.READ_SOMEWHERE, this::leave));
    }

    private void join(Context ctx) {
        Query.of(ctx);
        ContentTypes.requireJson(ctx);
        Principal principal = Gate.principal(ctx);
        bodies.read(ctx, body -> Answers.json(ctx, 200, groups.join(group(ctx), joinRequest(body), principal)));
    }

    private static String group(Context ctx) {
        return ctx.pathParam("group");
    }

    private static JoinGroupRequest joinRequest(Body body) {
        JsonFields fields = JsonFields.read(
                body,
                "member_id",
                "topics",
                "pattern",
                "group_instance_id",
                "client_id",
                "assignor",
                "session_timeout_ms",
                "rebalance_timeout_ms",
                "heartbeat_interval_ms");
        return new JoinGroupRequest(
                text(fields, "member_id"),
                topics(fields),
                text(fields, "pattern"),
                text(fields, "group_instance_id"),
                text(fields, "client_id"),
                text(fields, "assignor"),
                // What is legal is the groups' business, as the bounds of one depend on another.
                fields.integer("session_timeout_ms", Integer.MIN_VALUE, Integer.MAX_VALUE),
                fields.integer("rebalance_timeout_ms", Integer.MIN_VALUE, Integer.MAX_VALUE),
                fields.integer("heartbeat_interval_ms", Integer.MIN_VALUE, Integer.MAX_VALUE));
    }

    private static @Nullable String text(JsonFields fields, String name) {
        return fields.has(name) ? fields.requiredText(name) : null;
    }

    private static @Nullable List<String> topics(JsonFields fields) {
        if (!fields.has("topics")) {
            return null;
        }
        List<String> topics = new ArrayList<>();
        for (JsonNode topic : fields.requiredList("topics")) {
            topics.add(fields.text(topic, "topics[" + topics.size() + "]"));
        }
        return topics;
    }

    private void heartbeat(Context ctx) {
        Query.of(ctx);
        ContentTypes.requireJson(ctx);
        Principal principal = Gate.principal(ctx);
        bodies.read(
                ctx,
                body -> Answers.json(
                        ctx,
                        200,
                        groups.heartbeat(group(ctx), ctx.pathParam("member"), heartbeatRequest(body), principal)));
    }

    private static HeartbeatRequest heartbeatRequest(Body body) {
        JsonFields fields = JsonFields.read(body, "generation_id", "owned", "group_instance_id");
        return new HeartbeatRequest(
                fields.requiredInteger("generation_id", 0, Integer.MAX_VALUE),
                owned(fields),
                text(fields, "group_instance_id"));
    }

    private static List<PartitionName> owned(JsonFields fields) {
        List<PartitionName> owned = new ArrayList<>();
        for (JsonNode element : fields.requiredList("owned")) {
            JsonFields partition = JsonFields.of(element, "owned[" + owned.size() + "]", "topic", "partition");
            owned.add(new PartitionName(
                    partition.requiredText("topic"),
                    partition.requiredInteger("partition", 0, Topics.MAX_PARTITIONS - 1)));
        }
        return owned;
    }

    private void leave(Context ctx) {
        Query.of(ctx);
        groups.leave(group(ctx), ctx.pathParam("member"), Gate.principal(ctx));
        Answers.noContent(ctx);
    }
}
