package dev.tidemark.cli;

/** Numbers with their nouns. */
final class Quantity {
    private Quantity() {}

    /** "1 record", "2 records". */
    static String of(long count, String noun) {
        return count + " " + noun + (count == 1 ? "" : "s");
    }
}
