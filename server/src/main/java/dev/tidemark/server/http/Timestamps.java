package dev.tidemark.server.http;

import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.chrono.IsoChronology;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.format.ResolverStyle;
import java.util.Locale;
import java.util.OptionalLong;

/** Times as JSON has them: RFC 3339 with milliseconds in UTC on the way out, RFC 3339 with any offset or milliseconds since 1970 on the way in. */
final class Timestamps {
    static final String LEGAL = "an RFC 3339 time such as 2026-11-22T09:57:26.123Z, or milliseconds since 1970";

    /** The range RFC 3339 can write, years 0000 to 9999. */
    static final long MIN_MS = -62_167_219_200_000L;

    static final long MAX_MS = 253_402_300_799_999L;

    private static final int LENGTH = 24;
    private static final long DAY_MS = 86_400_000;

    private static final DateTimeFormatter RFC_3339 = new DateTimeFormatterBuilder()
            .parseCaseInsensitive()
            .append(DateTimeFormatter.ISO_LOCAL_DATE)
            .appendLiteral('T')
            .append(DateTimeFormatter.ISO_LOCAL_TIME)
            .appendOffsetId()
            .toFormatter(Locale.ROOT)
            // The 29th of February is not always a day.
            .withResolverStyle(ResolverStyle.STRICT)
            .withChronology(IsoChronology.INSTANCE);

    private Timestamps() {}

    /** Milliseconds since 1970 of an RFC 3339 time, cut to whole ones; empty when it is none or outside years 0000 to 9999. */
    static OptionalLong parse(String text) {
        if (text.length() > 64) {
            return OptionalLong.empty();
        }
        try {
            long ms = OffsetDateTime.parse(text, RFC_3339).toInstant().toEpochMilli();
            return isWritable(ms) ? OptionalLong.of(ms) : OptionalLong.empty();
        } catch (DateTimeException e) {
            return OptionalLong.empty();
        }
    }

    static boolean isWritable(long ms) {
        return ms >= MIN_MS && ms <= MAX_MS;
    }

    static String format(long ms) {
        byte[] bytes = new byte[LENGTH];
        write(ms, bytes);
        return new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1);
    }

    /** Writes the 24 characters of a time; by hand, because every record of a JSON answer has one. */
    static void write(long ms, byte[] to) {
        long bounded = Math.max(MIN_MS, Math.min(MAX_MS, ms));
        LocalDate date = LocalDate.ofEpochDay(Math.floorDiv(bounded, DAY_MS));
        int ofDay = (int) Math.floorMod(bounded, DAY_MS);
        digits(to, 0, 4, date.getYear());
        to[4] = '-';
        digits(to, 5, 2, date.getMonthValue());
        to[7] = '-';
        digits(to, 8, 2, date.getDayOfMonth());
        to[10] = 'T';
        digits(to, 11, 2, ofDay / 3_600_000);
        to[13] = ':';
        digits(to, 14, 2, ofDay / 60_000 % 60);
        to[16] = ':';
        digits(to, 17, 2, ofDay / 1000 % 60);
        to[19] = '.';
        digits(to, 20, 3, ofDay % 1000);
        to[23] = 'Z';
    }

    private static void digits(byte[] to, int at, int count, int value) {
        for (int i = count - 1; i >= 0; i--) {
            to[at + i] = (byte) ('0' + value % 10);
            value /= 10;
        }
    }
}
