package dev.tidemark.embedded;

import java.io.Serial;

/** Why PostgreSQL cannot run. The message is one line for the person who started it, and says what to do where that is known. */
public final class EmbeddedPostgresException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1;

    public EmbeddedPostgresException(String message) {
        super(message);
    }

    public EmbeddedPostgresException(String message, Throwable cause) {
        super(message, cause);
    }
}
