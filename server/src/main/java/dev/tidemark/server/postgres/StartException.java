package dev.tidemark.server.postgres;

import java.io.Serial;

/** Why something cannot start. The message is one line for the person who started it, and says what to do where that is known. */
public final class StartException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1;

    public StartException(String message) {
        super(message);
    }

    public StartException(String message, Throwable cause) {
        super(message, cause);
    }
}
