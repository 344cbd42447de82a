package dev.tidemark.server.json;

/**
 * A JSON string where it lies in a body, and the text it means, without a {@link String} in between. What is read here is UTF-8; an escape that is none, which a
 * parser refuses sooner or later, comes out as anything, within the same bounds.
 */
public final class JsonString {
    private static final String SHORT_ESCAPES = "bfnrt";
    private static final String SHORT_MEANINGS = "\b\f\n\r\t";

    private JsonString() {}

    /** The position of the quote that ends the string whose first character is at {@code at}; {@code end} when there is none before. */
    public static int end(byte[] bytes, int at, int end) {
        return Math.min(JsonText.endOfString(bytes, at, end) - 1, end);
    }

    /** Whether anything is escaped from {@code at} to before {@code end}. */
    public static boolean hasEscapes(byte[] bytes, int at, int end) {
        return nextEscape(bytes, at, end) < end;
    }

    /** Whether the escapes are characters: no half of a surrogate pair among them. */
    public static boolean isText(byte[] bytes, int at, int end) {
        int p = nextEscape(bytes, at, end);
        while (p < end) {
            int unit = JsonText.codeUnit(bytes, p, end);
            if (unit >= 0 && Character.isSurrogate((char) unit)) {
                if (!isPair(unit, JsonText.codeUnit(bytes, p + 6, end))) {
                    return false;
                }
                p += 6;
            }
            p = nextEscape(bytes, p + (unit < 0 ? 2 : 6), end);
        }
        return true;
    }

    /**
     * Writes the text in UTF-8.
     *
     * @param to has room for as many bytes as are read
     * @return how many were written, never more than were read
     */
    public static int decode(byte[] bytes, int at, int end, byte[] to, int toAt) {
        int written = toAt;
        int p = at;
        while (p < end) {
            int escape = nextEscape(bytes, p, end);
            System.arraycopy(bytes, p, to, written, escape - p);
            written += escape - p;
            p = escape;
            int unit = JsonText.codeUnit(bytes, p, end);
            if (unit >= 0) {
                int low = JsonText.codeUnit(bytes, p + 6, end);
                boolean pair = isPair(unit, low);
                written = putUtf8(pair ? Character.toCodePoint((char) unit, (char) low) : unit, to, written);
                p += pair ? 12 : 6;
            } else if (p < end) {
                to[written++] = p + 1 < end ? meaning(bytes[p + 1]) : bytes[p];
                p += 2;
            }
        }
        return written - toAt;
    }

    private static boolean isPair(int unit, int next) {
        return next >= 0 && Character.isHighSurrogate((char) unit) && Character.isLowSurrogate((char) next);
    }

    private static int nextEscape(byte[] bytes, int at, int end) {
        int p = at;
        while (p < end && bytes[p] != '\\') {
            p++;
        }
        return Math.min(p, end);
    }

    private static byte meaning(byte escaped) {
        int at = SHORT_ESCAPES.indexOf(escaped);
        return at < 0 ? escaped : (byte) SHORT_MEANINGS.charAt(at);
    }

    private static int putUtf8(int c, byte[] to, int at) {
        int p = at;
        if (c < 0x80) {
            to[p++] = (byte) c;
        } else if (c < 0x800) {
            to[p++] = (byte) (0xC0 | c >> 6);
            to[p++] = (byte) (0x80 | c & 0x3F);
        } else {
            if (c < 0x10000) {
                to[p++] = (byte) (0xE0 | c >> 12);
            } else {
                to[p++] = (byte) (0xF0 | c >> 18);
                to[p++] = (byte) (0x80 | c >> 12 & 0x3F);
            }
            to[p++] = (byte) (0x80 | c >> 6 & 0x3F);
            to[p++] = (byte) (0x80 | c & 0x3F);
        }
        return p;
    }
}
