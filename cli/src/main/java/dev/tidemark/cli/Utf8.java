package dev.tidemark.cli;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** UTF-8 that neither replaces what it cannot read nor what it cannot write. */
final class Utf8 {
    private Utf8() {}

    /** @throws BadLine when the text holds half a surrogate pair, which UTF-8 has no bytes for */
    static byte[] encode(String text, String what) throws BadLine {
        try {
            ByteBuffer bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
            return Arrays.copyOf(bytes.array(), bytes.limit());
        } catch (CharacterCodingException e) {
            throw new BadLine(what + " holds half a surrogate pair, which is no text");
        }
    }

    /** The text, or null when the bytes are not UTF-8. */
    static @Nullable String decode(byte[] bytes) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }
}
