package dev.tidemark.server.http;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.server.access.Permission;
import dev.tidemark.server.access.Principal;
import io.javalin.http.Context;
import java.util.List;

/** What a caller must be allowed for a route. The OpenAPI document says the same under {@code security}, and a test compares. */
enum Need {
    /** Not even a token. */
    NOTHING(List.of()),
    /** A token, whatever it allows. */
    TOKEN(List.of()),
    /** Any permission on the topic in the path. */
    SIGHT_OF_TOPIC(List.of(Permission.values())),
    READ_TOPIC(List.of(Permission.READ)),
    WRITE_TOPIC(List.of(Permission.WRITE)),
    ADMIN_TOPIC(List.of(Permission.ADMIN)),
    /** The permission on some topic; which ones are asked for is in the body, and the handler's to check. */
    READ_SOMEWHERE(List.of(Permission.READ)),
    WRITE_SOMEWHERE(List.of(Permission.WRITE)),
    ADMIN_SOMEWHERE(List.of(Permission.ADMIN)),
    /** The permission on all topics; for what touches each of them, or the cluster. */
    ADMIN_EVERYWHERE(List.of(Permission.ADMIN));

    private final List<Permission> anyOf;

    Need(List<Permission> anyOf) {
        this.anyOf = anyOf;
    }

    /** The permissions of which one is enough; none for what needs none. */
    List<Permission> anyOf() {
        return anyOf;
    }

    /** @throws ApiException TOPIC_AUTHORIZATION_FAILED or CLUSTER_AUTHORIZATION_FAILED */
    void check(Principal principal, Context ctx) {
        switch (this) {
            case NOTHING, TOKEN -> {}
            case SIGHT_OF_TOPIC -> principal.requireSight(ctx.pathParam("topic"));
            case READ_TOPIC, WRITE_TOPIC, ADMIN_TOPIC -> principal.require(anyOf.get(0), ctx.pathParam("topic"));
            case ADMIN_EVERYWHERE -> principal.requireEverywhere(anyOf.get(0));
            case READ_SOMEWHERE, WRITE_SOMEWHERE, ADMIN_SOMEWHERE -> principal.requireSomewhere(anyOf.get(0));
        }
    }
}
