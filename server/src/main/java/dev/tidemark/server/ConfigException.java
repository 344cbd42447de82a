package dev.tidemark.server;

import java.io.Serial;

/** A setting that is not legal. The message is one line that names the setting, the value unless it is secret, and what is legal. */
public final class ConfigException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1;

    public ConfigException(String message) {
        super(message);
    }
}
