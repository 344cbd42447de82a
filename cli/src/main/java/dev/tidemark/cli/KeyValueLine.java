package dev.tidemark.cli;

import java.util.Arrays;

/** A line of a key, a separator and a value; the first separator counts. */
final class KeyValueLine implements LineParser {
    private final byte[] separator;

    KeyValueLine(byte[] separator) {
        this.separator = separator.clone();
    }

    @Override
    public InputRecord parse(byte[] line) throws BadLine {
        int at = indexOfSeparator(line);
        if (at < 0) {
            throw new BadLine("the line has no separator between key and value");
        }
        return InputRecord.of(Arrays.copyOf(line, at), Arrays.copyOfRange(line, at + separator.length, line.length));
    }

    private int indexOfSeparator(byte[] line) {
        for (int i = 0; i <= line.length - separator.length; i++) {
            if (Arrays.equals(line, i, i + separator.length, separator, 0, separator.length)) {
                return i;
            }
        }
        return -1;
    }
}
