package dev.tidemark.cli;

/** The command cannot do what was asked, for the reason in the message: one line for a person, exit code 1. */
final class CommandFailed extends RuntimeException {
    private static final long serialVersionUID = 1L;

    CommandFailed(String message) {
        super(message);
    }

    CommandFailed(String message, Throwable cause) {
        super(message, cause);
    }
}
