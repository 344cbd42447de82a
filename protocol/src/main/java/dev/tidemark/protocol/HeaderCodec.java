package dev.tidemark.protocol;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Headers as JSON text, the form they are stored in: an array of [name, value] pairs that keeps order, repeats and bytes.
 *
 * <pre>
 * [["trace","a1b2"],["trace",null],["key",{"base64":"AAH/"}]]
 * </pre>
 *
 * A value that is UTF-8 without NUL is a string, so that SQL can read it; any other is base64, because PostgreSQL's json can hold neither NUL nor bytes. A name is any
 * Unicode text without NUL and without lone surrogates; it may be empty.
 */
public final class HeaderCodec {
    private static final char[] HEX = "0123456789abcdef".toCharArray();

    private HeaderCodec() {}

    /**
     * The JSON text of the headers in UTF-8; at least one header.
     *
     * @throws IllegalArgumentException when there is no header, or naming the header whose name JSON cannot hold
     */
    public static byte[] encode(List<Header> headers) {
        if (headers.isEmpty()) {
            throw new IllegalArgumentException("no headers to encode: a record without headers has null");
        }
        StringBuilder out = new StringBuilder(32 * headers.size()).append('[');
        for (int i = 0; i < headers.size(); i++) {
            Header header = headers.get(i);
            requireStorable(header.name(), i);
            out.append(i == 0 ? "[" : ",[");
            appendString(out, header.name());
            out.append(',');
            appendValue(out, header.value());
            out.append(']');
        }
        return out.append(']').toString().getBytes(StandardCharsets.UTF_8);
    }

    /**
     * The headers of a JSON text. White space and escapes may be any that JSON allows; the shape may not differ from what {@link #encode} writes.
     *
     * @throws IllegalArgumentException naming what is wrong and where, when the text is not JSON, not of that shape, or has a name or text that {@link #encode} cannot mean
     */
    public static List<Header> decode(byte[] json, int at, int length) {
        String text = textOrNull(json, at, length);
        if (text == null) {
            throw new IllegalArgumentException("the headers are not UTF-8");
        }
        return new HeaderParser(text).parse();
    }

    private static void requireStorable(String name, int index) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c == 0) {
                throw new IllegalArgumentException("the name of header " + index + " contains NUL");
            }
            if (Character.isSurrogate(c)) {
                boolean pair = Character.isHighSurrogate(c)
                        && i + 1 < name.length()
                        && Character.isLowSurrogate(name.charAt(i + 1));
                if (!pair) {
                    throw new IllegalArgumentException("the name of header " + index + " contains a lone surrogate");
                }
                i++;
            }
        }
    }

    private static void appendValue(StringBuilder out, byte @Nullable [] value) {
        if (value == null) {
            out.append("null");
            return;
        }
        String text = textOrNull(value, 0, value.length);
        if (text != null && text.indexOf(0) < 0) {
            appendString(out, text);
        } else {
            out.append("{\"base64\":\"")
                    .append(Base64.getEncoder().encodeToString(value))
                    .append("\"}");
        }
    }

    private static void appendString(StringBuilder out, String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < ' ') {
                out.append("\\u00").append(HEX[c >> 4]).append(HEX[c & 15]);
            } else {
                out.append(c);
            }
        }
        out.append('"');
    }

    /** Null when the bytes are not UTF-8. */
    private static @Nullable String textOrNull(byte[] bytes, int at, int length) {
        if (isAscii(bytes, at, length)) {
            return new String(bytes, at, length, StandardCharsets.ISO_8859_1);
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes, at, length))
                    .toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }

    private static boolean isAscii(byte[] bytes, int at, int length) {
        int bits = 0;
        for (int i = at; i < at + length; i++) {
            bits |= bytes[i];
        }
        return bits >= 0;
    }
}
