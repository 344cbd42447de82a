package dev.tidemark.server.http;

import io.javalin.http.Handler;
import io.javalin.http.HandlerType;

/** One thing the server can be asked. */
record Route(HandlerType method, String path, Handler handler) {
    /** What the route is called in metrics. */
    String name() {
        return method.name() + " " + path;
    }
}
