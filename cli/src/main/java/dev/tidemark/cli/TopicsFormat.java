package dev.tidemark.cli;

import java.util.Locale;

/** How topics are shown. */
enum TopicsFormat {
    TABLE,
    JSON;

    /** As it is written on the command line. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
