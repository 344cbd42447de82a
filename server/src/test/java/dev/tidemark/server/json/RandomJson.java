package dev.tidemark.server.json;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;

/** Random JSON texts: every kind of value, odd spellings of numbers and strings, whitespace anywhere it may stand. */
final class RandomJson {
    private static final String[] PIECES = {
        "a",
        "plain text",
        "\\n",
        "\\\"",
        "\\\\",
        "\\/",
        "\\u00e9",
        "\\ud83d\\ude00",
        "\\u001f",
        "é",
        "日本",
        "\ud83d\ude00",
        " ",
        "/",
        "{",
        "]",
        ",",
        "\u007f",
        "\u2028"
    };
    private static final String[] NUMBERS = {
        "0", "-0", "1", "-17", "3.1400", "1e5", "-2.5E-007", "12345678901234567890.123456789", "1E+400"
    };
    private static final String[] SPACES = {"", "", "", "", " ", "\n", "\t", "\r\n", "  "};

    private final Random random;

    RandomJson(Random random) {
        this.random = random;
    }

    String text() {
        StringBuilder text = new StringBuilder();
        value(text, random.nextInt(5));
        return text.toString();
    }

    /** The text with a byte left out, changed, put in, or the rest cut off. */
    static byte[] mutated(byte[] bytes, Random random) {
        if (bytes.length == 0) {
            return bytes;
        }
        int at = random.nextInt(bytes.length);
        ByteBuffer mutated = ByteBuffer.allocate(bytes.length + 1).put(bytes, 0, at);
        switch (random.nextInt(4)) {
            case 0 -> mutated.put(bytes, at + 1, bytes.length - at - 1);
            case 1 -> mutated.put((byte) random.nextInt(256)).put(bytes, at + 1, bytes.length - at - 1);
            case 2 ->
                mutated.put((byte) "\"\\{}[],:0123456789eE+-.untrfals \n".charAt(random.nextInt(32)))
                        .put(bytes, at, bytes.length - at);
            default -> {}
        }
        return Arrays.copyOf(mutated.array(), mutated.position());
    }

    private void value(StringBuilder text, int depth) {
        space(text);
        switch (random.nextInt(depth > 0 ? 7 : 5)) {
            case 0 -> text.append("null");
            case 1 -> text.append(random.nextBoolean());
            case 2 -> text.append(NUMBERS[random.nextInt(NUMBERS.length)]);
            case 3, 4 -> string(text);
            case 5 -> array(text, depth);
            default -> object(text, depth);
        }
        space(text);
    }

    private void array(StringBuilder text, int depth) {
        text.append('[');
        space(text);
        for (int i = 0, size = random.nextInt(4); i < size; i++) {
            text.append(i == 0 ? "" : ",");
            value(text, depth - 1);
        }
        text.append(']');
    }

    private void object(StringBuilder text, int depth) {
        text.append('{');
        space(text);
        for (int i = 0, size = random.nextInt(4); i < size; i++) {
            text.append(i == 0 ? "" : ",");
            space(text);
            string(text);
            space(text);
            text.append(':');
            value(text, depth - 1);
        }
        text.append('}');
    }

    private void string(StringBuilder text) {
        text.append('"');
        for (int i = random.nextInt(6); i > 0; i--) {
            text.append(PIECES[random.nextInt(PIECES.length)]);
        }
        text.append('"');
    }

    private void space(StringBuilder text) {
        text.append(SPACES[random.nextInt(SPACES.length)]);
    }
}
