package dev.tidemark.server.json;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * JSON as bytes: whether they are JSON text, and the same text without the whitespace between its tokens.
 *
 * <p>The check is RFC 8259's grammar in UTF-8, as PostgreSQL's {@code json} type reads it, and stricter in what PostgreSQL stores but fails on later: an
 * escape that is no character ({@code \u0000}, half of a surrogate pair) would break an auditor's whole query at the first {@code ->>} that meets it.
 * Nesting is bounded, by {@link #MAX_DEPTH}, for the same reason: PostgreSQL reads by recursion.
 *
 * <p>Every record of a JSON topic passes here, so the scan is one pass without recursion, eight bytes at a time inside strings, and allocates only for an
 * error, or past 64 levels. Positions travel as {@code long}; a negative one is a {@link Fault} and where it is.
 */
public final class JsonText {
    /** How deep arrays and objects may nest. PostgreSQL at its default {@code max_stack_depth} gives up at several thousand. */
    public static final int MAX_DEPTH = 512;

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long HIGH_BITS = 0x8080808080808080L;
    private static final long LOW_BITS = 0x0101010101010101L;
    private static final long SPACES = ' ' * LOW_BITS;
    private static final long QUOTES = '"' * LOW_BITS;
    private static final long BACKSLASHES = '\\' * LOW_BITS;

    private static final byte NOT_HEX = -1;
    private static final byte[] HEX = hexDigits();
    private static final byte[] TRUE = {'t', 'r', 'u', 'e'};
    private static final byte[] FALSE = {'f', 'a', 'l', 's', 'e'};
    private static final byte[] NULL = {'n', 'u', 'l', 'l'};

    /** What is wrong with a text; the order is the code a fault travels with. */
    private enum Fault {
        EMPTY("there is nothing"),
        CUT_OFF("the text ends in the middle"),
        NO_VALUE("a value should begin here"),
        NO_NAME("a member's name in quotes should stand here"),
        NO_COLON("a colon should follow the member's name"),
        NO_COMMA_IN_OBJECT("a comma or } should stand here"),
        NO_COMMA_IN_ARRAY("a comma or ] should stand here"),
        LEFT_OVER("more follows after the value"),
        NUMBER("this is no JSON number"),
        CONTROL("a control character in a string must be escaped"),
        ESCAPE("there is no such escape"),
        NUL_ESCAPE("\\u0000 cannot be stored as text"),
        SURROGATE("the escape is half of a surrogate pair without its other half"),
        UTF8("no valid UTF-8"),
        TOO_DEEP("arrays and objects are nested deeper than " + MAX_DEPTH);

        final String text;

        Fault(String text) {
            this.text = text;
        }

        long at(int position) {
            return Long.MIN_VALUE | (long) ordinal() << 32 | position;
        }

        static Fault of(long result) {
            return values()[(int) (result >>> 32) & 0xff];
        }
    }

    private JsonText() {}

    /**
     * What keeps the bytes from being one JSON value: a clause naming the byte's position (from 0, counted from {@code at}), such as
     * {@code a colon should follow the member's name, at byte 5 ('x')}; null when nothing does. Whitespace around the value is allowed.
     */
    public static @Nullable String check(byte[] bytes, int at, int length) {
        long result = scan(bytes, at, at + length);
        return result >= 0 ? null : describe(Fault.of(result), bytes, at, at + length, (int) result);
    }

    /**
     * Copies a JSON value that has been checked, without the whitespace around it and between its tokens; everything else stays byte for byte.
     *
     * @param to may be {@code from} when {@code toAt} is at most {@code at}
     * @return the number of bytes written, at most {@code length}
     */
    public static int compact(byte[] from, int at, int length, byte[] to, int toAt) {
        int end = at + length;
        int written = toAt;
        int p = skipWhitespace(from, at, end);
        while (p < end) {
            int runEnd = endOfRun(from, p, end);
            System.arraycopy(from, p, to, written, runEnd - p);
            written += runEnd - p;
            p = skipWhitespace(from, runEnd, end);
        }
        return written - toAt;
    }

    /** The position of the next whitespace that is not inside a string. */
    private static int endOfRun(byte[] bytes, int p, int end) {
        while (p < end && !isWhitespace(bytes[p])) {
            p = bytes[p] == '"' ? endOfString(bytes, p + 1, end) : p + 1;
        }
        return p;
    }

    /** The position after the string whose first character is at {@code p}; beyond the end when the string does not end before. */
    static int endOfString(byte[] bytes, int p, int end) {
        while (p < end && bytes[p] != '"') {
            p += bytes[p] == '\\' ? 2 : 1;
            p = skipPlain(bytes, p, end);
        }
        return p + 1;
    }

    /**
     * The scan itself: the end of the text, or a fault. The open containers are bits, the innermost the lowest: 1 is an object, 0 an array. Sixty-four fit
     * into {@code open}; each full word is laid aside while deeper ones are open.
     */
    private static long scan(byte[] bytes, int at, int end) {
        long open = 0;
        long[] aside = null;
        int depth = 0;
        long p = at;
        while (true) {
            int start = skipWhitespace(bytes, (int) p, end);
            if (start == end) {
                return (depth == 0 ? Fault.EMPTY : Fault.CUT_OFF).at(end);
            }
            byte first = bytes[start];
            if (first == '{' || first == '[') {
                if (depth == MAX_DEPTH) {
                    return Fault.TOO_DEEP.at(start);
                }
                if (depth != 0 && (depth & 63) == 0) {
                    aside = aside == null ? new long[MAX_DEPTH / 64] : aside;
                    aside[(depth >>> 6) - 1] = open;
                }
                open = open << 1 | (first == '{' ? 1 : 0);
                depth++;
                p = skipWhitespace(bytes, start + 1, end);
                // Both closing brackets stand two after their opening ones in ASCII.
                if (p == end || bytes[(int) p] != first + 2) {
                    p = first == '{' ? name(bytes, (int) p, end) : p;
                    if (p < 0) {
                        return p;
                    }
                    continue;
                }
            } else {
                p = scalar(bytes, start, end);
                if (p < 0) {
                    return p;
                }
            }
            // After a value, or at the end of an empty container: close what ends here.
            while (true) {
                int next = skipWhitespace(bytes, (int) p, end);
                if (depth == 0) {
                    return next == end ? end : Fault.LEFT_OVER.at(next);
                }
                if (next == end) {
                    return Fault.CUT_OFF.at(end);
                }
                boolean object = (open & 1) != 0;
                byte separator = bytes[next];
                if (separator == ',') {
                    p = object ? name(bytes, skipWhitespace(bytes, next + 1, end), end) : next + 1;
                    if (p < 0) {
                        return p;
                    }
                    break;
                }
                if (separator != (object ? '}' : ']')) {
                    return (object ? Fault.NO_COMMA_IN_OBJECT : Fault.NO_COMMA_IN_ARRAY).at(next);
                }
                depth--;
                open = depth != 0 && (depth & 63) == 0 && aside != null ? aside[(depth >>> 6) - 1] : open >>> 1;
                p = next + 1;
            }
        }
    }

    /** A member's name and its colon. */
    private static long name(byte[] bytes, int p, int end) {
        if (p == end) {
            return Fault.CUT_OFF.at(end);
        }
        if (bytes[p] != '"') {
            return Fault.NO_NAME.at(p);
        }
        long after = string(bytes, p + 1, end);
        if (after < 0) {
            return after;
        }
        int colon = skipWhitespace(bytes, (int) after, end);
        if (colon == end) {
            return Fault.CUT_OFF.at(end);
        }
        return bytes[colon] == ':' ? colon + 1 : Fault.NO_COLON.at(colon);
    }

    private static long scalar(byte[] bytes, int p, int end) {
        return switch (bytes[p]) {
            case '"' -> string(bytes, p + 1, end);
            case 't' -> literal(bytes, p, end, TRUE);
            case 'f' -> literal(bytes, p, end, FALSE);
            case 'n' -> literal(bytes, p, end, NULL);
            case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9' -> number(bytes, p, end);
            default -> Fault.NO_VALUE.at(p);
        };
    }

    private static long literal(byte[] bytes, int p, int end, byte[] word) {
        for (int i = 1; i < word.length; i++) {
            if (p + i == end) {
                return Fault.CUT_OFF.at(end);
            }
            if (bytes[p + i] != word[i]) {
                return Fault.NO_VALUE.at(p);
            }
        }
        return p + word.length;
    }

    private static long number(byte[] bytes, int start, int end) {
        int p = bytes[start] == '-' ? start + 1 : start;
        int integerEnd = skipDigits(bytes, p, end);
        if (integerEnd == p || (bytes[p] == '0' && integerEnd > p + 1)) {
            return faultInNumber(p, start, end);
        }
        p = integerEnd;
        if (p < end && bytes[p] == '.') {
            int fractionEnd = skipDigits(bytes, p + 1, end);
            if (fractionEnd == p + 1) {
                return faultInNumber(fractionEnd, start, end);
            }
            p = fractionEnd;
        }
        if (p < end && (bytes[p] == 'e' || bytes[p] == 'E')) {
            p++;
            if (p < end && (bytes[p] == '+' || bytes[p] == '-')) {
                p++;
            }
            int exponentEnd = skipDigits(bytes, p, end);
            if (exponentEnd == p) {
                return faultInNumber(p, start, end);
            }
            p = exponentEnd;
        }
        return p;
    }

    private static long faultInNumber(int p, int start, int end) {
        return p == end ? Fault.CUT_OFF.at(end) : Fault.NUMBER.at(start);
    }

    private static int skipDigits(byte[] bytes, int p, int end) {
        while (p < end && bytes[p] >= '0' && bytes[p] <= '9') {
            p++;
        }
        return p;
    }

    /** The position after the closing quote of the string whose first character is at {@code p}. */
    private static long string(byte[] bytes, int p, int end) {
        while (true) {
            p = skipPlain(bytes, p, end);
            if (p == end) {
                return Fault.CUT_OFF.at(end);
            }
            byte special = bytes[p];
            if (special == '"') {
                return p + 1;
            }
            if (special == '\\') {
                long next = escape(bytes, p, end);
                if (next < 0) {
                    return next;
                }
                p = (int) next;
            } else if (special < 0) {
                int length = Utf8Text.sequenceLength(bytes, p, end);
                if (length == 0) {
                    return Fault.UTF8.at(p);
                }
                p += length;
            } else {
                return Fault.CONTROL.at(p);
            }
        }
    }

    /** The first position from {@code p} that is a quote, a backslash, a control character or not ASCII. */
    private static int skipPlain(byte[] bytes, int p, int end) {
        while (p <= end - Long.BYTES) {
            long word = (long) LONG.get(bytes, p);
            // A byte below 32 borrows from 32, a quote or backslash becomes 0 and borrows from 1, the rest that stops
            // has its high bit set. What a borrow
            // carries into lies after its byte, so the lowest bit set is exact.
            long hits = ((word - SPACES) | ((word ^ QUOTES) - LOW_BITS) | ((word ^ BACKSLASHES) - LOW_BITS) | word)
                    & HIGH_BITS;
            if (hits != 0) {
                return p + (Long.numberOfTrailingZeros(hits) >>> 3);
            }
            p += Long.BYTES;
        }
        while (p < end && bytes[p] >= ' ' && bytes[p] != '"' && bytes[p] != '\\') {
            p++;
        }
        return p;
    }

    private static long escape(byte[] bytes, int p, int end) {
        if (p + 1 == end) {
            return Fault.CUT_OFF.at(end);
        }
        return switch (bytes[p + 1]) {
            case '"', '\\', '/', 'b', 'f', 'n', 'r', 't' -> p + 2;
            case 'u' -> unicodeEscape(bytes, p, end);
            default -> Fault.ESCAPE.at(p);
        };
    }

    private static long unicodeEscape(byte[] bytes, int p, int end) {
        int unit = codeUnit(bytes, p, end);
        if (unit < 0) {
            return (end - p < 6 ? Fault.CUT_OFF.at(end) : Fault.ESCAPE.at(p));
        }
        if (unit == 0) {
            return Fault.NUL_ESCAPE.at(p);
        }
        if (!Character.isSurrogate((char) unit)) {
            return p + 6;
        }
        int low = Character.isHighSurrogate((char) unit) ? codeUnit(bytes, p + 6, end) : -1;
        return low >= 0 && Character.isLowSurrogate((char) low) ? p + 12 : Fault.SURROGATE.at(p);
    }

    /** The UTF-16 code unit of an escape such as {@code \u00e9}, or -1 when none stands there. */
    static int codeUnit(byte[] bytes, int p, int end) {
        if (end - p < 6 || bytes[p] != '\\' || bytes[p + 1] != 'u') {
            return -1;
        }
        // Negative as soon as one digit is not hexadecimal.
        return HEX[bytes[p + 2] & 0xff] << 12
                | HEX[bytes[p + 3] & 0xff] << 8
                | HEX[bytes[p + 4] & 0xff] << 4
                | HEX[bytes[p + 5] & 0xff];
    }

    private static int skipWhitespace(byte[] bytes, int p, int end) {
        while (p < end && isWhitespace(bytes[p])) {
            p++;
        }
        return p;
    }

    private static boolean isWhitespace(byte value) {
        return value == ' ' || value == '\n' || value == '\r' || value == '\t';
    }

    private static byte[] hexDigits() {
        byte[] digits = new byte[256];
        for (int i = 0; i < digits.length; i++) {
            int digit = i < 128 ? Character.digit(i, 16) : NOT_HEX;
            digits[i] = (byte) digit;
        }
        return digits;
    }

    private static String describe(Fault fault, byte[] bytes, int at, int end, int position) {
        String where = fault.text + ", at byte " + (position - at);
        if (position == end) {
            return where;
        }
        byte found = bytes[position];
        return found > ' ' && found < 127
                ? where + " ('" + (char) found + "')"
                : where + String.format(" (0x%02X)", found);
    }
}
