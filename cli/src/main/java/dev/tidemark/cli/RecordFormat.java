package dev.tidemark.cli;

import java.util.Locale;

/** How a record lies in a line. */
enum RecordFormat {
    VALUE,
    KEY_VALUE,
    JSON;

    /** As it is written on the command line. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
