package dev.tidemark.benchmarks.contestant;

import java.util.Locale;

/**
 * The size of a round: values of one size, and so many of them that a round takes some seconds.
 *
 * @param size of a value, in bytes
 * @param quick a fifth of the records
 */
record Load(int size, boolean quick) {
    private static final int MOST_RECORDS = 1_000_000;
    private static final int MOST_BYTES = 250_000_000;

    int records() {
        int records = Math.min(MOST_RECORDS, MOST_BYTES / size);
        return quick ? records / 5 : records;
    }

    /** For reading: 100 B, 1 KB. */
    String name() {
        return size % 1024 == 0 ? size / 1024 + " KB" : size + " B";
    }

    /** For ids: 100B, 1KB. */
    String id() {
        return name().replace(" ", "");
    }

    String recordsText() {
        return String.format(Locale.ROOT, "%,d records", records());
    }
}
