package dev.tidemark.cli;

import java.util.Locale;

/** How an answer of the server is shown. */
enum AnswerFormat {
    TABLE,
    JSON;

    /** As it is written on the command line. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
