package dev.tidemark.integration.door;

import dev.tidemark.protocol.Header;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What must come back byte for byte. Equal when the bytes are. */
public record Content(byte @Nullable [] key, byte @Nullable [] value, List<Header> headers) {
    private static final int SHOWN_BYTES = 40;

    public static Content of(@Nullable String key, @Nullable String value, Header... headers) {
        return new Content(bytes(key), bytes(value), List.of(headers));
    }

    static byte @Nullable [] bytes(@Nullable String text) {
        return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
    }

    public @Nullable String valueText() {
        return value == null ? null : new String(value, StandardCharsets.UTF_8);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Content that
                && Arrays.equals(key, that.key)
                && Arrays.equals(value, that.value)
                && headers.equals(that.headers);
    }

    @Override
    public int hashCode() {
        return Objects.hash(Arrays.hashCode(key), Arrays.hashCode(value), headers);
    }

    /** Short enough for a failed test's message. */
    @Override
    public String toString() {
        return shown(key) + "=" + shown(value) + (headers.isEmpty() ? "" : " " + headers.size() + " headers");
    }

    private static String shown(byte @Nullable [] bytes) {
        if (bytes == null) {
            return "null";
        }
        byte[] beginning = Arrays.copyOf(bytes, Math.min(bytes.length, SHOWN_BYTES));
        boolean readable = true;
        for (byte b : beginning) {
            readable &= b >= ' ' && b < 0x7f;
        }
        String text = readable
                ? new String(beginning, StandardCharsets.US_ASCII)
                : "0x" + HexFormat.of().formatHex(beginning);
        return bytes.length > SHOWN_BYTES ? text + "…(" + bytes.length + " bytes)" : text;
    }
}
