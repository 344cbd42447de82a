package dev.tidemark.server.http;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.LeaderEpochDescription;
import dev.tidemark.server.http.RequestBodies.Body;
import dev.tidemark.server.log.RecordLog;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import java.util.List;

/** New leader epochs by command. */
final class LeaderEpochRoutes {
    private static final int MAX_REASON_CHARS = 500;

    private final RecordLog log;
    private final RequestBodies bodies;

    LeaderEpochRoutes(RecordLog log, RequestBodies bodies) {
        this.log = log;
        this.bodies = bodies;
    }

    List<Route> routes() {
        return List.of(new Route(HandlerType.POST, "/v1/cluster/leader-epochs", Need.ADMIN_EVERYWHERE, this::begin));
    }

    private void begin(Context ctx) {
        Query.of(ctx);
        ContentTypes.requireJson(ctx);
        bodies.read(ctx, body -> {
            String reason = reason(body);
            Answers.json(ctx, 201, new LeaderEpochDescription(log.beginLeaderEpoch(reason), reason));
        });
    }

    private static String reason(Body body) {
        String reason = JsonFields.read(body, "reason").requiredText("reason").strip();
        // It is kept as text in the database, and shown in one line of the log.
        if (reason.isEmpty()
                || reason.length() > MAX_REASON_CHARS
                || reason.chars().anyMatch(Character::isISOControl)) {
            throw new ApiException(
                    ErrorCode.INVALID_REQUEST,
                    "\"reason\" must be 1 to " + MAX_REASON_CHARS + " characters without control characters");
        }
        return reason;
    }
}
