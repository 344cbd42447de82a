package dev.tidemark.server.http;

import io.javalin.http.Handler;
import io.javalin.http.HandlerType;

/**
 * One thing the server can be asked.
 *
 * @param need what the caller must be allowed, checked before anything of the body is read
 */
record Route(HandlerType method, String path, Need need, Handler handler) {
    /** The same, asked for its head alone. */
    Route asHead() {
        return new Route(HandlerType.HEAD, path, need, handler);
    }

    /** What the route is called in metrics. */
    String name() {
        return method.name() + " " + path;
    }
}
