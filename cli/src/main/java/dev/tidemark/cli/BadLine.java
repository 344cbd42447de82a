package dev.tidemark.cli;

/** A line of input that makes no record, for the reason in the message. Other lines are not affected. */
final class BadLine extends Exception {
    private static final long serialVersionUID = 1L;

    BadLine(String message) {
        super(message, null, false, false);
    }
}
