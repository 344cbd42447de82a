package dev.tidemark.cli;

import java.nio.charset.StandardCharsets;

/** Writes JSON strings straight from UTF-8, escaping only what JSON demands. */
final class JsonStrings {
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    private JsonStrings() {}

    static void write(String text, Output out) {
        write(text.getBytes(StandardCharsets.UTF_8), out);
    }

    static void write(byte[] utf8, Output out) {
        out.write('"');
        int from = 0;
        for (int i = 0; i < utf8.length; i++) {
            byte b = utf8[i];
            if ((b >= 0 && b < ' ') || b == '"' || b == '\\') {
                out.write(utf8, from, i - from);
                writeEscape(b, out);
                from = i + 1;
            }
        }
        out.write(utf8, from, utf8.length - from);
        out.write('"');
    }

    private static void writeEscape(byte b, Output out) {
        out.write('\\');
        switch (b) {
            case '"', '\\' -> out.write(b);
            case '\n' -> out.write('n');
            case '\r' -> out.write('r');
            case '\t' -> out.write('t');
            default -> {
                out.write("u00");
                out.write(HEX[b >> 4]);
                out.write(HEX[b & 0xf]);
            }
        }
    }
}
