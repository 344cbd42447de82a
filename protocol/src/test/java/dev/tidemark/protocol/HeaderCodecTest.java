package dev.tidemark.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HeaderCodecTest {
    @Test
    void textIsWrittenAsTextAndOtherBytesAsBase64() {
        List<Header> headers = List.of(
                new Header("name", bytes("text")),
                new Header("name", null),
                new Header("bin", new byte[] {0, 1, -1}),
                new Header("", bytes("")),
                new Header("q\"\\\n", bytes("ü\u0001🐘")));
        byte[] json = HeaderCodec.encode(headers);

        assertThat(text(json))
                .isEqualTo("[[\"name\",\"text\"],[\"name\",null],[\"bin\",{\"base64\":\"AAH/\"}],[\"\",\"\"],"
                        + "[\"q\\\"\\\\\\u000a\",\"ü\\u0001🐘\"]]");
        assertThat(decode(text(json))).isEqualTo(headers);
    }

    @Test
    void aPartOfAnArrayIsDecoded() {
        byte[] json = bytes("xx[[\"a\",\"b\"]]yy");
        assertThat(HeaderCodec.decode(json, 2, json.length - 4)).containsExactly(new Header("a", bytes("b")));
    }

    @Test
    void everyByteStringComesBack() {
        for (int b = 0; b < 256; b++) {
            for (byte[] value : List.of(
                    new byte[] {(byte) b}, new byte[] {'a', (byte) b, 'z'}, new byte[] {(byte) 0xc3, (byte) b})) {
                List<Header> headers = List.of(new Header("h", value));
                assertThat(decode(text(HeaderCodec.encode(headers))))
                        .as("byte %d", b)
                        .isEqualTo(headers);
            }
        }
    }

    @Test
    void randomHeadersComeBack() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 5000; round++) {
            List<Header> headers = randomHeaders(random);
            byte[] json = HeaderCodec.encode(headers);
            assertThat(HeaderCodec.decode(json, 0, json.length))
                    .as("seed %d round %d", seed, round)
                    .isEqualTo(headers);
        }
    }

    /** Whatever the bytes, the parser ends with headers that mean the same when written again, or with its own complaint. */
    @Test
    void damagedTextIsReadTheSameAgainOrRefused() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 20_000; round++) {
            byte[] json = damage(HeaderCodec.encode(randomHeaders(random)), random);
            try {
                List<Header> headers = HeaderCodec.decode(json, 0, json.length);
                byte[] again = HeaderCodec.encode(headers);
                assertThat(HeaderCodec.decode(again, 0, again.length))
                        .as("seed %d round %d", seed, round)
                        .isEqualTo(headers);
            } catch (IllegalArgumentException refused) {
                assertThat(refused).as("seed %d round %d", seed, round).hasMessageStartingWith("the headers are not");
            }
        }
    }

    @Test
    void whiteSpaceAndEscapesAreAnyThatJsonAllows() {
        assertThat(
                        decode(
                                " [ [ \"\\u0061\\/\\b\\f\\n\\r\\t\" ,\r\n\t\"\\ud83d\\udc18\" ] , [\"b\",{ \"base64\" : \"AA==\" }] ] "))
                .containsExactly(new Header("a/\b\f\n\r\t", bytes("🐘")), new Header("b", new byte[] {0}));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "null",
                "{}",
                "[]",
                "[",
                "[[",
                "[[\"a\"]]",
                "[[\"a\",]]",
                "[[\"a\",\"b\"]",
                "[[\"a\",\"b\"]]x",
                "[[\"a\",\"b\"],]",
                "[[\"a\",\"b\",\"c\"]]",
                "[[1,\"b\"]]",
                "[[null,\"b\"]]",
                "[[\"a\",1]]",
                "[[\"a\",true]]",
                "[[\"a\",nul]]",
                "[[\"a\",nullx]]",
                "[[\"a\",[]]]",
                "[[\"a\",{}]]",
                "[[\"a\",{\"base64\":null}]]",
                "[[\"a\",{\"Base64\":\"AA==\"}]]",
                "[[\"a\",{\"base64\":\"AA==\",\"x\":1}]]",
                "[[\"a\",{\"base64\":\"AA\"}]]",
                "[[\"a\",{\"base64\":\"AB==\"}]]",
                "[[\"a\",{\"base64\":\"A A=\"}]]",
                "[[\"a\",{\"base64\":\"-_==\"}]]",
                "[[\"a\\u0000\",\"b\"]]",
                "[[\"a\",\"\\u0000\"]]",
                "[[\"\\ud83d\",\"b\"]]",
                "[[\"\\udc18\\ud83d\",\"b\"]]",
                "[[\"\\ud83dx\",\"b\"]]",
                "[[\"\\ud83d\\u0041\",\"b\"]]",
                "[[\"a\",\"\\x\"]]",
                "[[\"a\",\"\\u12\"]]",
                "[[\"a\",\"\\u00٣1\"]]",
                "[[\"a\",\"b\n\"]]",
                "[[\"a\",\"b\u0000\"]]",
                "[[\"a\",\"\\",
                "[['a','b']]",
                "{\"a\":\"b\"}",
                "[[\"a\",\"b\"]]\u0000",
                "\u0000",
                "[[\"a\",\"b\"]\u0000]"
            })
    void whatEncodeCannotMeanIsRefused(String json) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> decode(json))
                .withMessageStartingWith("the headers are not");
    }

    @Test
    void depthIsNoDanger() {
        assertThatIllegalArgumentException().isThrownBy(() -> decode("[".repeat(1_000_000)));
    }

    @Test
    void textThatIsNotUtf8IsRefused() {
        byte[] json = bytes("[[\"a\",\"bX\"]]");
        json[8] = (byte) 0xff;
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HeaderCodec.decode(json, 0, json.length))
                .withMessage("the headers are not UTF-8");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\u0000", "\ud83d", "\udc18", "\udc18\ud83d", "\ud83dx"})
    void namesThatJsonCannotHoldAreRefusedByTheirPlace(String name) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HeaderCodec.encode(List.of(new Header("ok", null), new Header(name, null))))
                .withMessageStartingWith("the name of header 1 contains");
    }

    @Test
    void noHeadersHaveNoText() {
        assertThatIllegalArgumentException().isThrownBy(() -> HeaderCodec.encode(List.of()));
    }

    private static List<Header> randomHeaders(Random random) {
        List<Header> headers = new ArrayList<>();
        int count = 1 + random.nextInt(4);
        for (int i = 0; i < count; i++) {
            headers.add(new Header(randomText(random), randomValue(random)));
        }
        return headers;
    }

    private static byte[] randomValue(Random random) {
        switch (random.nextInt(4)) {
            case 0:
                return null;
            case 1:
                byte[] bytes = new byte[random.nextInt(20)];
                random.nextBytes(bytes);
                return bytes;
            default:
                return bytes(randomText(random));
        }
    }

    private static String randomText(Random random) {
        StringBuilder out = new StringBuilder();
        int length = random.nextInt(8);
        for (int i = 0; i < length; i++) {
            int bound = random.nextBoolean() ? 0x80 : Character.MAX_CODE_POINT + 1;
            int codePoint = 1 + random.nextInt(bound - 1);
            out.appendCodePoint(codePoint >= 0xd800 && codePoint < 0xe000 ? 'x' : codePoint);
        }
        return out.toString();
    }

    private static byte[] damage(byte[] json, Random random) {
        byte[] damaged = json.clone();
        int strokes = 1 + random.nextInt(3);
        byte[] likely = bytes("[]{}\",:\\u0nb \u0000");
        for (int i = 0; i < strokes; i++) {
            damaged[random.nextInt(damaged.length)] =
                    random.nextInt(8) == 0 ? (byte) random.nextInt(256) : likely[random.nextInt(likely.length)];
        }
        return damaged;
    }

    private static List<Header> decode(String json) {
        byte[] bytes = bytes(json);
        return HeaderCodec.decode(bytes, 0, bytes.length);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
