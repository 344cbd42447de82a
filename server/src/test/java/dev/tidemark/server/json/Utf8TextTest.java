package dev.tidemark.server.json;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class Utf8TextTest {
    @Test
    void emptyIsText() {
        assertThat(Utf8Text.check(new byte[0], 0, 0)).isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a",
                "plain ascii of more than eight bytes",
                "\u007f\u0001",
                "é",
                "Straße",
                "日本語のテキスト",
                "\ud83d\ude00 and \uffff",
                "\u0080\u0800\ud800\udc00\udbff\udfff"
            })
    void textIsText(String text) {
        assertThat(check(text.getBytes(StandardCharsets.UTF_8))).isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "80, a lone continuation byte",
        "c0 80, overlong NUL",
        "c1 bf, overlong in two bytes",
        "e0 9f bf, overlong in three bytes",
        "f0 8f bf bf, overlong in four bytes",
        "ed a0 80, a high surrogate",
        "ed bf bf, a low surrogate",
        "f4 90 80 80, past the last code point",
        "f5 80 80 80, a lead byte that cannot be",
        "ff, a byte that cannot be",
        "c3, a sequence of two cut off",
        "e2 82, a sequence of three cut off",
        "f0 9f 98, a sequence of four cut off",
        "c3 28, no continuation",
        "e2 82 28, no second continuation",
        "f0 9f 98 28, no third continuation"
    })
    void whatIsNoUtf8IsNamedWithItsPlace(String hex, String why) {
        byte[] fault = bytes(hex);
        byte[] bytes = ByteBuffer.allocate(11 + fault.length)
                .put("0123456789é".getBytes(StandardCharsets.UTF_8), 0, 10)
                .put(fault)
                .put((byte) 'z')
                .array();
        bytes = Arrays.copyOf(bytes, 10 + fault.length);

        assertThat(check(bytes))
                .as(why)
                .startsWith(
                        "no valid UTF-8 at byte 10 (0x" + hex.substring(0, 2).toUpperCase());
        assertThat(Utf8Text.isUtf8(bytes, 0, bytes.length)).as(why).isFalse();
    }

    @Test
    void nulIsUtf8ButNoText() {
        for (int at = 0; at < 20; at++) {
            byte[] bytes = "abcdefghijklmnopqrst".getBytes(StandardCharsets.UTF_8);
            bytes[at] = 0;

            assertThat(check(bytes)).isEqualTo("a NUL at byte " + at);
            assertThat(Utf8Text.isUtf8(bytes, 0, bytes.length)).isTrue();
        }
    }

    @Test
    void onlyTheSliceIsRead() {
        byte[] bytes = bytes("ff c3 a9 41 ff");

        assertThat(Utf8Text.check(bytes, 1, 3)).isNull();
        assertThat(Utf8Text.check(bytes, 1, 1)).isEqualTo("no valid UTF-8 at byte 0 (0xC3)");
        assertThat(Utf8Text.check(bytes, 2, 2)).isEqualTo("no valid UTF-8 at byte 0 (0xA9)");
    }

    /** The JDK's decoder, told to report, is the reference. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void agreesWithTheJdkOnRandomBytes(long seed) {
        Random random = new Random(seed);
        for (int round = 0; round < 20_000; round++) {
            byte[] bytes = randomText(random);
            for (int mutations = random.nextInt(3); mutations > 0 && bytes.length > 0; mutations--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            assertThat(Utf8Text.isUtf8(bytes, 0, bytes.length))
                    .as("seed %d, round %d: %s", seed, round, Arrays.toString(bytes))
                    .isEqualTo(jdkAccepts(bytes));
        }
    }

    @Test
    void agreesWithTheJdkOnEveryLeadAndSecondByte() {
        byte[] thirds = {0, 'A', 0x7f, (byte) 0x80, (byte) 0xbf, (byte) 0xc2, (byte) 0xff};
        for (int pair = 0x8000; pair <= 0xffff; pair++) {
            for (byte third : thirds) {
                byte[] bytes = {(byte) (pair >> 8), (byte) pair, third, third};
                for (int length = 1; length <= 4; length++) {
                    byte[] sequence = Arrays.copyOf(bytes, length);
                    if (Utf8Text.isUtf8(sequence, 0, length) != jdkAccepts(sequence)) {
                        throw new AssertionError(Arrays.toString(sequence));
                    }
                }
            }
        }
    }

    private static byte[] randomText(Random random) {
        StringBuilder text = new StringBuilder();
        for (int length = random.nextInt(24); length > 0; length--) {
            text.appendCodePoint(
                    switch (random.nextInt(4)) {
                        case 0 -> 0x80 + random.nextInt(0x780);
                        case 1 -> 0x800 + random.nextInt(0xd000);
                        case 2 -> 0x10000 + random.nextInt(0x100000);
                        default -> random.nextInt(0x80);
                    });
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static boolean jdkAccepts(byte[] bytes) {
        try {
            StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(bytes));
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }

    private static String check(byte[] bytes) {
        return Utf8Text.check(bytes, 0, bytes.length);
    }

    private static byte[] bytes(String hex) {
        String[] parts = hex.split(" ");
        byte[] bytes = new byte[parts.length];
        for (int i = 0; i < parts.length; i++) {
            bytes[i] = (byte) Integer.parseInt(parts[i], 16);
        }
        return bytes;
    }
}
