package dev.tidemark.cli;

import java.util.Locale;

/** How rows are printed. */
enum SqlFormat {
    TABLE,
    CSV,
    JSON;

    SqlResult result() {
        return switch (this) {
            case TABLE -> new SqlTable();
            case CSV -> new SqlCsv();
            case JSON -> new SqlJson();
        };
    }

    /** As it is written on the command line. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
