package dev.tidemark.cli;

import java.nio.charset.StandardCharsets;

/** What stands between key and value in a line. */
final class Separator {
    static final String DEFAULT = "\t";

    private Separator() {}

    /**
     * The bytes of a separator as given on the command line, where {@code \t} is a tab.
     *
     * @throws IllegalArgumentException when it is empty or holds a newline, which ends the line
     */
    static byte[] bytes(String given) {
        String separator = given.replace("\\t", "\t");
        if (separator.isEmpty() || separator.indexOf('\n') >= 0) {
            throw new IllegalArgumentException("the key separator must be at least one character and hold no newline");
        }
        return separator.getBytes(StandardCharsets.UTF_8);
    }
}
