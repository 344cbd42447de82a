package dev.tidemark.server.http;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.access.Access;
import dev.tidemark.server.access.Principal;
import io.javalin.http.Context;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.stream.Collectors;

/** Where requests are let in: who asks, and whether they may, before anything of the body is read. What is not open by name is closed, paths that lead nowhere too. Thread-safe. */
final class Gate {
    private static final String PRINCIPAL = "tidemark.principal";
    private static final String AUTHORIZATION = "Authorization";

    private final Access access;
    private final boolean onlyOverTls;
    private final Set<String> openPaths;
    private final RefusedBodies bodies;

    /** @param onlyOverTls whether what is not open to everybody is refused in the clear */
    Gate(Access access, boolean onlyOverTls, List<Route> routes, Executor answering) {
        this.access = access;
        this.onlyOverTls = onlyOverTls;
        this.openPaths = routes.stream()
                .filter(route -> route.need() == Need.NOTHING)
                .map(Route::path)
                .collect(Collectors.toUnmodifiableSet());
        this.bodies = new RefusedBodies(answering);
    }

    /** For every request, before its route is looked for. */
    void authenticate(Context ctx) {
        if (openPaths.contains(ctx.path())) {
            return;
        }
        try {
            if (onlyOverTls && !ctx.req().isSecure()) {
                throw new ApiException(
                        ErrorCode.INVALID_REQUEST,
                        "this server is spoken to over TLS: its address begins with https://");
            }
            List<String> shown = Collections.list(ctx.req().getHeaders(AUTHORIZATION));
            Principal principal = access.authenticate(shown, ctx.ip());
            if (principal == Principal.ANONYMOUS) {
                // Who shows a token has it from somebody; a page of another site has none to show.
                OtherSites.refuse(ctx.req());
            }
            ctx.attribute(PRINCIPAL, principal);
        } catch (ApiException refused) {
            bodies.refuse(ctx, refused);
        }
    }

    /** For a request whose route is known. @return whether it may go on; when not, it is being answered */
    boolean letsThrough(Context ctx, Route route) {
        try {
            if (route.need() != Need.NOTHING) {
                route.need().check(principal(ctx), ctx);
            }
            return true;
        } catch (ApiException refused) {
            bodies.refuse(ctx, refused);
            return false;
        }
    }

    /** Answers a request that was let in and is refused before its body is read. @throws ApiException the refusal, when nothing of a body is to come */
    void refuse(Context ctx, ApiException refusal) {
        bodies.refuse(ctx, refusal);
    }

    /** Who asks; on every route that needs anything. */
    static Principal principal(Context ctx) {
        Principal principal = ctx.attribute(PRINCIPAL);
        if (principal == null) {
            throw new IllegalStateException("a request came past the gate");
        }
        return principal;
    }
}
