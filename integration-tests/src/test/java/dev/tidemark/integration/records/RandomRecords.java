package dev.tidemark.integration.records;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tidemark.integration.door.Message;
import dev.tidemark.protocol.Header;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** Records of every shape a topic may take, the same ones for the same seed. */
final class RandomRecords {
    private static final int MIB = 1 << 20;

    /** Where text breaks: control characters, quotes, the edges of UTF-8's lengths, astral characters, combining and right-to-left ones. */
    private static final String[] ODD_TEXT = {
        "",
        " ",
        "\t",
        "\n",
        "\r\n",
        "\u0001",
        "\u001f",
        "\"",
        "\\",
        "/",
        "'",
        "{}",
        "null",
        "\u007f",
        "\u0080",
        "\u07ff",
        "\u0800",
        "\u2028",
        "\ud7ff",
        "\ue000",
        "\ufeff",
        "\uffff",
        "\ud800\udc00",
        "\udbff\udfff",
        "🌊",
        "e\u0301",
        "مد",
        "潮",
        "ẞ",
        "\\u0041"
    };

    private final Random random;
    private final int partitions;

    RandomRecords(long seed, int partitions) {
        this.random = new Random(seed);
        this.partitions = partitions;
    }

    /** @param valueType as the topic's config says; keys are bytes in a bytes topic, else text */
    List<Message> of(String valueType, int count) {
        List<Message> messages = new ArrayList<>(count + 2);
        for (int i = 0; i < count; i++) {
            messages.add(record(valueType));
        }
        messages.add(random.nextInt(messages.size()), large(valueType));
        if (valueType.equals("bytes")) {
            messages.add(
                    random.nextInt(messages.size()),
                    Message.of(everyByte(), everyByte(), new Header("all", everyByte()))
                            .to(random.nextInt(partitions)));
        }
        return messages;
    }

    private Message record(String valueType) {
        byte[] key = chance(4) ? null : valueType.equals("bytes") ? bytes() : text().getBytes(UTF_8);
        byte[] value = chance(8) ? null : value(valueType);
        return Message.of(key, value, headers()).to(random.nextInt(partitions));
    }

    /** A value of one mebibyte. */
    private Message large(String valueType) {
        byte[] value = new byte[MIB];
        if (valueType.equals("bytes")) {
            random.nextBytes(value);
        } else {
            for (int i = 0; i < MIB; i++) {
                value[i] = (byte) ('a' + random.nextInt(26));
            }
            if (valueType.equals("json")) {
                value[0] = '"';
                value[MIB - 1] = '"';
            }
        }
        return Message.of((byte[]) null, value).to(random.nextInt(partitions));
    }

    private byte[] value(String valueType) {
        return switch (valueType) {
            case "bytes" -> bytes();
            case "text" -> text().getBytes(UTF_8);
            case "json" -> json(3).getBytes(UTF_8);
            default -> throw new IllegalArgumentException(valueType);
        };
    }

    private static byte[] everyByte() {
        byte[] bytes = new byte[256];
        for (int i = 0; i < 256; i++) {
            bytes[i] = (byte) i;
        }
        return bytes;
    }

    private byte[] bytes() {
        if (chance(2)) {
            return text().getBytes(UTF_8);
        }
        byte[] bytes = new byte[chance(10) ? random.nextInt(10_000) : random.nextInt(60)];
        random.nextBytes(bytes);
        return bytes;
    }

    /** Without NUL, which text columns do not hold. */
    private String text() {
        StringBuilder text = new StringBuilder();
        for (int left = random.nextInt(chance(20) ? 3_000 : 12); left > 0; left--) {
            if (chance(3)) {
                text.append(ODD_TEXT[random.nextInt(ODD_TEXT.length)]);
            } else {
                text.appendCodePoint(codePoint());
            }
        }
        return text.toString();
    }

    private int codePoint() {
        int limit = new int[] {0x80, 0x800, 0x10000, 0x110000}[random.nextInt(4)];
        int codePoint = 1 + random.nextInt(limit - 1);
        return codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE ? 'x' : codePoint;
    }

    private Header[] headers() {
        List<Header> headers = new ArrayList<>();
        for (int left = chance(2) ? 0 : random.nextInt(6); left > 0; left--) {
            byte[] value = chance(6) ? null : bytes();
            headers.add(new Header(text(), value));
            if (chance(3)) {
                headers.add(headers.get(random.nextInt(headers.size())));
            }
        }
        return headers.toArray(Header[]::new);
    }

    /** JSON without white space between tokens: JSON requests drop that. */
    private String json(int depth) {
        int kind = random.nextInt(depth > 0 ? 7 : 5);
        return switch (kind) {
            case 0 -> new String[] {"null", "true", "false"}[random.nextInt(3)];
            case 1 -> number();
            case 2, 3, 4 -> quoted(text());
            case 5 -> "[" + joined(depth, null) + "]";
            default -> "{" + joined(depth, "") + "}";
        };
    }

    private String joined(int depth, @Nullable String names) {
        List<String> parts = new ArrayList<>();
        for (int left = random.nextInt(4); left > 0; left--) {
            // Names may repeat: json keeps them all, jsonb would not.
            parts.add((names == null ? "" : quoted(chance(3) ? "a" : text()) + ":") + json(depth - 1));
        }
        return String.join(",", parts);
    }

    private String number() {
        return new String[] {
                    "0",
                    "-0",
                    "1.0",
                    "1.50",
                    "1e2",
                    "1E+2",
                    "-12.5e-10",
                    "12345678901234567890123",
                    Long.toString(random.nextLong())
                }
                [random.nextInt(9)];
    }

    private String quoted(String text) {
        StringBuilder json = new StringBuilder("\"");
        text.codePoints().forEach(c -> {
            boolean mustEscape = c < ' ' || c == '"' || c == '\\';
            if (mustEscape || c < 0x10000 && chance(10)) {
                json.append(String.format(chance(2) ? "\\u%04x" : "\\u%04X", c));
            } else {
                json.appendCodePoint(c);
            }
        });
        return json.append('"').toString();
    }

    /** One time in so many. */
    private boolean chance(int oneIn) {
        return random.nextInt(oneIn) == 0;
    }
}
