package dev.tidemark.cli;

/** Whoever read standard output does not any more, as {@code | head} does when it has enough: the command ends quietly. */
final class ReaderGone extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ReaderGone(Throwable cause) {
        super("standard output was closed", cause);
    }
}
