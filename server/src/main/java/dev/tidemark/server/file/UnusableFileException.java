package dev.tidemark.server.file;

import java.io.Serial;

/** A file that cannot be used as it is. The message is one line for a person: the file, the line in it where there is one, and what is wrong, never what the file holds of secrets. */
public final class UnusableFileException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1;

    public UnusableFileException(String message) {
        super(message);
    }

    public UnusableFileException(String message, Throwable cause) {
        super(message, cause);
    }

    /** The message; never null. */
    public String reason() {
        return String.valueOf(getMessage());
    }
}
