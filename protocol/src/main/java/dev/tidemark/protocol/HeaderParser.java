package dev.tidemark.protocol;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the one JSON shape {@link HeaderCodec} writes; its depth is fixed, so nothing here recurses. One use each. */
final class HeaderParser {
    private final String text;
    private int at;

    HeaderParser(String text) {
        this.text = text;
    }

    List<Header> parse() {
        List<Header> headers = new ArrayList<>();
        expect('[');
        do {
            headers.add(header());
        } while (accept(','));
        expect(']');
        skipSpace();
        if (at < text.length()) {
            throw wrong("the end");
        }
        return List.copyOf(headers);
    }

    private Header header() {
        expect('[');
        String name = string();
        expect(',');
        byte[] value = value();
        expect(']');
        return new Header(name, value);
    }

    private byte @Nullable [] value() {
        switch (peek()) {
            case '"':
                return string().getBytes(StandardCharsets.UTF_8);
            case '{':
                return base64();
            case 'n':
                if (text.startsWith("null", at)) {
                    at += 4;
                    return null;
                }
                throw wrong("null");
            default:
                throw wrong("a string, null or {\"base64\":…}");
        }
    }

    private byte[] base64() {
        expect('{');
        int nameAt = at;
        if (!string().equals("base64")) {
            at = nameAt;
            throw wrong("\"base64\"");
        }
        expect(':');
        skipSpace();
        int base64At = at;
        String encoded = string();
        expect('}');
        byte[] bytes = decodeOrNull(encoded);
        // The decoder lets missing padding and stray bits pass; two texts for the same bytes would not be strict.
        if (bytes == null || !Base64.getEncoder().encodeToString(bytes).equals(encoded)) {
            at = base64At;
            throw wrong("base64 with padding");
        }
        return bytes;
    }

    private static byte @Nullable [] decodeOrNull(String encoded) {
        try {
            return Base64.getDecoder().decode(encoded);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private String string() {
        expect('"');
        int end = plainEnd();
        if (end < text.length() && text.charAt(end) == '"') {
            String plain = text.substring(at, end);
            at = end + 1;
            return plain;
        }
        return escapedString();
    }

    /** The first position from here that is a quote, a backslash or not allowed in a string. */
    private int plainEnd() {
        int end = at;
        while (end < text.length()) {
            char c = text.charAt(end);
            if (c == '"' || c == '\\' || c < ' ') {
                break;
            }
            end++;
        }
        return end;
    }

    private String escapedString() {
        StringBuilder out = new StringBuilder();
        while (true) {
            int end = plainEnd();
            out.append(text, at, end);
            at = end;
            if (end == text.length() || text.charAt(end) < ' ') {
                throw wrong("the end of a string");
            }
            at++;
            if (text.charAt(end) == '"') {
                return out.toString();
            }
            escape(out);
        }
    }

    private void escape(StringBuilder out) {
        if (at == text.length()) {
            throw wrong("an escape");
        }
        char c = text.charAt(at);
        switch (c) {
            case '"', '\\', '/' -> out.append(c);
            case 'b' -> out.append('\b');
            case 'f' -> out.append('\f');
            case 'n' -> out.append('\n');
            case 'r' -> out.append('\r');
            case 't' -> out.append('\t');
            case 'u' -> {
                unicode(out);
                return;
            }
            default -> throw wrong("an escape");
        }
        at++;
    }

    /** From the u of an escape. A surrogate must be the high one of a pair of escapes: text that came as UTF-8 has none of its own. */
    private void unicode(StringBuilder out) {
        char first = hex(at + 1);
        if (first == 0) {
            throw wrong("any character but NUL");
        }
        if (Character.isSurrogate(first)) {
            boolean pair = Character.isHighSurrogate(first)
                    && text.startsWith("\\u", at + 5)
                    && Character.isLowSurrogate(hex(at + 7));
            if (!pair) {
                throw wrong("a surrogate pair");
            }
            out.append(first).append(hex(at + 7));
            at += 11;
        } else {
            out.append(first);
            at += 5;
        }
    }

    private char hex(int from) {
        if (from + 4 > text.length()) {
            throw wrong("four hexadecimal digits");
        }
        int value = 0;
        for (int i = from; i < from + 4; i++) {
            char c = text.charAt(i);
            int digit = c < 0x80 ? Character.digit(c, 16) : -1;
            if (digit < 0) {
                throw wrong("four hexadecimal digits");
            }
            value = value << 4 | digit;
        }
        return (char) value;
    }

    private void expect(char c) {
        if (peek() != c) {
            throw wrong("'" + c + "'");
        }
        at++;
    }

    private boolean accept(char c) {
        if (peek() != c) {
            return false;
        }
        at++;
        return true;
    }

    /** The next character that is not white space; NUL, which is legal nowhere, at the end. */
    private char peek() {
        skipSpace();
        return at < text.length() ? text.charAt(at) : 0;
    }

    private void skipSpace() {
        while (at < text.length() && " \t\n\r".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private IllegalArgumentException wrong(String expected) {
        return new IllegalArgumentException(
                "the headers are not [[name, value], …]: expected " + expected + " at character " + at);
    }
}
