package dev.tidemark.client;

import java.io.IOException;
import java.io.Serial;
import java.net.URI;

/** A request was broken off because the server answered nothing any more. */
final class ServerSilentException extends IOException {
    @Serial
    private static final long serialVersionUID = 1;

    ServerSilentException(URI server) {
        super(server + " takes connections and answers nothing");
    }
}
