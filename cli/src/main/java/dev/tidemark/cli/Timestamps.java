package dev.tidemark.cli;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.chrono.IsoChronology;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.format.ResolverStyle;
import java.util.Locale;

/** Times as text: RFC 3339, milliseconds and UTC on the way out, any fraction and zone on the way in. */
final class Timestamps {
    private static final DateTimeFormatter OUT =
            new DateTimeFormatterBuilder().appendInstant(3).toFormatter();
    private static final DateTimeFormatter IN = new DateTimeFormatterBuilder()
            .parseCaseInsensitive()
            .append(DateTimeFormatter.ISO_OFFSET_DATE_TIME)
            .toFormatter(Locale.ROOT)
            // The 29th of February is not always a day.
            .withResolverStyle(ResolverStyle.STRICT)
            .withChronology(IsoChronology.INSTANCE);

    /** The years RFC 3339 has digits for. */
    private static final long MIN_MS = Instant.parse("0000-01-01T00:00:00Z").toEpochMilli();

    private static final long MAX_MS = Instant.parse("9999-12-31T23:59:59.999Z").toEpochMilli();

    private Timestamps() {}

    static boolean hasRfc3339(long epochMs) {
        return epochMs >= MIN_MS && epochMs <= MAX_MS;
    }

    /** Only where {@link #hasRfc3339} says so. */
    static String format(long epochMs) {
        return OUT.format(Instant.ofEpochMilli(epochMs));
    }

    /**
     * Milliseconds since 1970-01-01T00:00Z; a fraction of a millisecond is dropped.
     *
     * @throws IllegalArgumentException when the text is not an RFC 3339 time
     */
    static long parse(String text) {
        try {
            return OffsetDateTime.parse(text, IN).toInstant().toEpochMilli();
        } catch (DateTimeException | ArithmeticException e) {
            throw new IllegalArgumentException(text + " is not a time such as 2026-11-22T09:30:00Z", e);
        }
    }
}
