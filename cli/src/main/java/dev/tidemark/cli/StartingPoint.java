package dev.tidemark.cli;

import java.util.Locale;

/** Where reading starts: what {@code --from} says. */
sealed interface StartingPoint {
    record Earliest() implements StartingPoint {}

    record Latest() implements StartingPoint {}

    record AtOffset(long offset) implements StartingPoint {}

    /** The first record at or after a time in milliseconds since 1970-01-01T00:00Z. */
    record AtTime(long epochMs) implements StartingPoint {}

    /** @throws IllegalArgumentException when the text is none of the forms {@code --from} takes */
    static StartingPoint parse(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "earliest", "beginning" -> new Earliest();
            case "latest", "end" -> new Latest();
            default -> parseOffsetOrTime(text);
        };
    }

    private static StartingPoint parseOffsetOrTime(String text) {
        try {
            if (text.matches("[0-9]+")) {
                return new AtOffset(Long.parseLong(text));
            }
            if (text.startsWith("@")) {
                return new AtTime(Long.parseLong(text.substring(1)));
            }
            return new AtTime(Timestamps.parse(text));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not earliest, latest, an offset such as 42, a time such as 2026-11-22T09:30:00Z"
                            + " or milliseconds since 1970 such as @1795339800000",
                    e);
        }
    }
}
