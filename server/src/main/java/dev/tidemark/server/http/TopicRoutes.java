package dev.tidemark.server.http;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.AlterTopicRequest;
import dev.tidemark.protocol.api.CreateTopicRequest;
import dev.tidemark.protocol.api.TopicDescription;
import dev.tidemark.protocol.api.TopicList;
import dev.tidemark.protocol.api.TopicSummary;
import dev.tidemark.server.access.Permission;
import dev.tidemark.server.access.Principal;
import dev.tidemark.server.http.RequestBodies.Body;
import dev.tidemark.server.topic.Topics;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Topic administration. */
final class TopicRoutes {
    private final Topics topics;
    private final RequestBodies bodies;

    TopicRoutes(Topics topics, RequestBodies bodies) {
        this.topics = topics;
        this.bodies = bodies;
    }

    List<Route> routes() {
        return List.of(
                new Route(HandlerType.GET, "/v1/topics", Need.TOKEN, this::list),
                new Route(HandlerType.POST, "/v1/topics", Need.ADMIN_SOMEWHERE, this::create),
                new Route(HandlerType.GET, "/v1/topics/{topic}", Need.SIGHT_OF_TOPIC, this::describe),
                new Route(HandlerType.PATCH, "/v1/topics/{topic}", Need.ADMIN_TOPIC, this::alter),
                new Route(HandlerType.DELETE, "/v1/topics/{topic}", Need.ADMIN_TOPIC, this::delete));
    }

    private void list(Context ctx) {
        Query.of(ctx);
        Answers.json(ctx, 200, new TopicList(seenBy(Gate.principal(ctx))));
    }

    private List<TopicSummary> seenBy(Principal principal) {
        return topics.list().stream()
                .filter(topic -> principal.maySee(topic.name()))
                .toList();
    }

    private void create(Context ctx) {
        Query.of(ctx);
        ContentTypes.requireJson(ctx);
        bodies.read(ctx, body -> {
            CreateTopicRequest request = createRequest(body);
            Gate.principal(ctx).require(Permission.ADMIN, request.name());
            TopicDescription topic = topics.create(request);
            ctx.res().setHeader("Location", "/v1/topics/" + topic.name());
            Answers.json(ctx, 201, topic);
        });
    }

    private static CreateTopicRequest createRequest(Body body) {
        JsonFields fields = JsonFields.read(body, "name", "partition_count", "partitions", "configs");
        return new CreateTopicRequest(
                fields.requiredText("name"), partitionCount(fields, "partitions"), withoutNulls(fields));
    }

    /** {@code partitions} is the contract's other name for the number. */
    private static @Nullable Integer partitionCount(JsonFields fields, String otherName) {
        if (fields.has("partition_count") && fields.has(otherName)) {
            throw new ApiException(
                    ErrorCode.INVALID_REQUEST, "the body has both \"partition_count\" and \"" + otherName + "\"");
        }
        return fields.integer(
                fields.has(otherName) ? otherName : "partition_count", Integer.MIN_VALUE, Integer.MAX_VALUE);
    }

    /** A config that is null at creation is one not set. */
    private static @Nullable Map<String, String> withoutNulls(JsonFields fields) {
        Map<String, @Nullable String> configs = fields.strings("configs");
        if (configs == null) {
            return null;
        }
        Map<String, String> set = new LinkedHashMap<>();
        configs.forEach((name, value) -> {
            if (value != null) {
                set.put(name, value);
            }
        });
        return set;
    }

    private void describe(Context ctx) {
        Query.of(ctx);
        Answers.json(ctx, 200, topics.describe(ctx.pathParam("topic")));
    }

    private void alter(Context ctx) {
        Query.of(ctx);
        ContentTypes.requireJson(ctx);
        bodies.read(ctx, body -> {
            JsonFields fields = JsonFields.read(body, "partition_count", "partitions", "configs");
            AlterTopicRequest request =
                    new AlterTopicRequest(partitionCount(fields, "partitions"), fields.strings("configs"));
            Answers.json(ctx, 200, topics.alter(ctx.pathParam("topic"), request));
        });
    }

    private void delete(Context ctx) {
        Query.of(ctx);
        topics.delete(ctx.pathParam("topic"));
        Answers.noContent(ctx);
    }
}
