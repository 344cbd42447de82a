package dev.tidemark.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.protocol.Header;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link JsonLineWriter} and {@link JsonLineParser}: what one writes the other reads. */
class JsonLinesTest {
    private static final long TIME = 1_795_339_800_123L;

    @Test
    void fieldsAreThoseOfTheHttpAnswer() {
        assertThat(line(FieldType.TEXT, FieldType.TEXT, 3, 42, TIME, bytes("k"), bytes("v"), List.of()))
                .isEqualTo(
                        "{\"partition\":3,\"offset\":42,\"timestamp\":\"2026-11-22T09:30:00.123Z\",\"key\":\"k\",\"value\":\"v\"}\n");
    }

    @Test
    void topicsTypeDecidesHowAValueIsShown() {
        assertThat(valueAs(FieldType.BYTES, "{}")).endsWith("\"key\":null,\"value_base64\":\"e30=\"}\n");
        assertThat(valueAs(FieldType.TEXT, "{}")).endsWith("\"key\":null,\"value\":\"{}\"}\n");
        assertThat(valueAs(FieldType.JSON, "{}")).endsWith("\"key\":null,\"value\":{}}\n");
        assertThat(valueAs(FieldType.JSON, null)).endsWith("\"key\":null,\"value\":null}\n");
    }

    @Test
    void textIsEscapedOnlyWhereJsonDemands() {
        assertThat(valueAs(FieldType.TEXT, "a\"\\\n\r\t\u0001\u001f\u007fé😀/"))
                .endsWith("\"value\":\"a\\\"\\\\\\n\\r\\t\\u0001\\u001f\u007fé😀/\"}\n");
    }

    @Test
    void headersKeepOrderRepeatsAndBytes() {
        List<Header> headers =
                List.of(new Header("a", bytes("1")), new Header("a", null), new Header("b", new byte[] {(byte) 0xff}));
        assertThat(line(FieldType.BYTES, FieldType.BYTES, 0, 0, TIME, null, null, headers))
                .endsWith(
                        ",\"headers\":[{\"name\":\"a\",\"value\":\"1\"},{\"name\":\"a\",\"value\":null},{\"name\":\"b\",\"value_base64\":\"/w==\"}]}\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"a\":\n1}", " {}", "{} ", "\t1", "[1,\r\n2]"})
    void jsonThatCannotLieInALineIsThereInBase64Too(String json) throws Exception {
        String line = valueAs(FieldType.JSON, json);
        assertThat(line.indexOf('\n')).isEqualTo(line.length() - 1);
        assertThat(line).contains("\"value\":").contains("\"value_base64\":");
        assertThat(parse(FieldType.JSON, line).value()).isEqualTo(bytes(json));
    }

    @ParameterizedTest
    @ValueSource(strings = {"null", " null\n"})
    void jsonNullIsNoTombstone(String json) throws Exception {
        String line = valueAs(FieldType.JSON, json);
        assertThat(line).doesNotContain("\"value\"");
        assertThat(parse(FieldType.JSON, line).value()).isEqualTo(bytes(json));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"a\" : 1.0e5, \"a\":2}",
                "\"\\u0041\\/\"",
                "-0",
                "123456789012345678901234567890.10",
                "true",
                "[ ]"
            })
    void jsonValuesAreCopiedByteForByte(String json) throws Exception {
        String line = valueAs(FieldType.JSON, json);
        assertThat(line).contains("\"value\":" + json + "}").doesNotContain("base64");
        assertThat(parse(FieldType.JSON, line).value()).isEqualTo(bytes(json));
    }

    @Test
    void jsonStringIsTextOutsideJsonTopicsAndItselfInThem() throws Exception {
        String line = "{\"value\":\"a\\u0041\\n\"}";
        assertThat(parse(FieldType.TEXT, line).value()).isEqualTo(bytes("aA\n"));
        assertThat(parse(FieldType.BYTES, line).value()).isEqualTo(bytes("aA\n"));
        assertThat(parse(FieldType.JSON, line).value()).isEqualTo(bytes("\"a\\u0041\\n\""));
    }

    @Test
    void whatIsAbsentIsNull() throws Exception {
        InputRecord record = parse(FieldType.TEXT, "{}");
        assertThat(record).isEqualTo(new InputRecord(null, null, null, null, List.of()));
        assertThat(parse(
                        FieldType.TEXT,
                        "{\"partition\":null,\"timestamp\":null,\"key\":null,\"value_base64\":null,\"headers\":null}"))
                .isEqualTo(record);
    }

    @Test
    void offsetIsIgnored() throws Exception {
        assertThat(parse(FieldType.TEXT, "{\"offset\":{\"any\":[\"thing\"]},\"key\":\"k\"}")
                        .key())
                .isEqualTo(bytes("k"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', textBlock = """
            "2026-11-22T09:30:00.123Z"           ; 1795339800123
            "2026-11-22T10:30:00.1239+01:00"     ; 1795339800123
            1795339800123                        ; 1795339800123
            "1970-01-01t00:00:00z"               ; 0
            """)
    void timesAreRfc3339OrMilliseconds(String time, long epochMs) throws Exception {
        assertThat(parse(FieldType.TEXT, "{\"timestamp\":" + time + "}").timestampMs())
                .isEqualTo(epochMs);
    }

    @Test
    void headersMayBeAnObject() throws Exception {
        assertThat(parse(FieldType.TEXT, "{\"headers\":{\"a\":\"1\",\"b\":null}}")
                        .headers())
                .containsExactly(new Header("a", bytes("1")), new Header("b", null));
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', textBlock = """
            nonsense                                  ; the line is not JSON
            [1]                                       ; not a JSON object
            {"value":1} {"value":2}                   ; more behind
            {"value":1                                ; not JSON
            {"vlaue":1}                               ; no field vlaue
            {"partition":"1"}                         ; partition is not a whole number
            {"partition":1.5}                         ; partition is not a whole number
            {"partition":99999999999}                 ; partition is not a whole number
            {"timestamp":"yesterday"}                 ; yesterday is not a time
            {"timestamp":1.5}                         ; neither an RFC 3339 time
            {"timestamp":true}                        ; neither an RFC 3339 time
            {"value_base64":"*"}                      ; value_base64 is not base64
            {"key_base64":1}                          ; key_base64 is not a JSON string
            {"key":"\\ud800"}                         ; half a surrogate pair
            {"headers":"x"}                           ; headers are neither
            {"headers":["x"]}                         ; not an object with a name
            {"headers":[{"value":"x"}]}               ; a header has no name
            {"headers":[{"name":1}]}                  ; name is not a JSON string
            {"headers":[{"name":"a","value":1}]}      ; not a JSON string
            {"headers":[{"name":"a","valeu":"1"}]}    ; no field valeu
            {"headers":{"a":1}}                       ; header a is not a JSON string
            """)
    void lineThatIsNoRecordIsRefusedByName(String line, String why) {
        assertThatThrownBy(() -> parse(FieldType.TEXT, line))
                .isInstanceOf(BadLine.class)
                .hasMessageContaining(why);
    }

    @ParameterizedTest
    @EnumSource(FieldType.class)
    void recordsComeBackExactly(FieldType valueType) throws Exception {
        for (int seed = 0; seed < 500; seed++) {
            Random random = new Random(seed);
            FieldType keyType = random.nextBoolean() ? FieldType.BYTES : FieldType.TEXT;
            InputRecord record = new InputRecord(
                    random.nextInt(64),
                    (long) (random.nextDouble() * 4e12),
                    random.nextInt(4) == 0 ? null : randomPart(keyType, random),
                    random.nextInt(8) == 0 ? null : randomPart(valueType, random),
                    randomHeaders(random));

            String line = line(
                    keyType,
                    valueType,
                    record.partition(),
                    seed,
                    record.timestampMs(),
                    record.key(),
                    record.value(),
                    record.headers());
            assertThat(parse(valueType, line))
                    .as("seed %d: %s", seed, line)
                    .usingRecursiveComparison()
                    .isEqualTo(record);
        }
    }

    private static byte[] randomPart(FieldType type, Random random) {
        return switch (type) {
            case BYTES -> randomBytes(random);
            case TEXT -> bytes(randomText(random));
            case JSON -> bytes(randomJson(random, 3));
        };
    }

    private static byte[] randomBytes(Random random) {
        byte[] bytes = new byte[random.nextInt(50)];
        random.nextBytes(bytes);
        return bytes;
    }

    private static String randomText(Random random) {
        StringBuilder text = new StringBuilder();
        int length = random.nextInt(30);
        for (int i = 0; i < length; i++) {
            int codePoint = random.nextInt(random.nextBoolean() ? 0x80 : 0x11_0000);
            text.appendCodePoint(codePoint >= 0xd800 && codePoint < 0xe000 ? '"' : codePoint);
        }
        return text.toString();
    }

    /** Any JSON value; the members of its objects are all named k. */
    static String randomJson(Random random, int depth) {
        String blank = List.of("", " ", "\n", "\t\r\n").get(random.nextInt(4));
        List<String> inner = new ArrayList<>();
        for (int i = random.nextInt(3); depth > 0 && i > 0; i--) {
            inner.add(randomJson(random, depth - 1));
        }
        String core = switch (random.nextInt(6)) {
            case 0 -> "[" + blank + String.join(",", inner) + "]";
            case 1 ->
                "{" + blank
                        + String.join(
                                ",",
                                inner.stream()
                                        .map(v -> "\"k\"" + blank + ":" + v)
                                        .toList()) + "}";
            case 2 -> "\"\\u00e9 \\\" é\"";
            case 3 -> String.valueOf(random.nextGaussian());
            case 4 -> "null";
            default -> "false";
        };
        return blank + core + blank;
    }

    private static List<Header> randomHeaders(Random random) {
        List<Header> headers = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            headers.add(new Header(randomText(random), random.nextInt(4) == 0 ? null : randomBytes(random)));
        }
        return headers;
    }

    private static String valueAs(FieldType type, @Nullable String value) {
        return line(FieldType.TEXT, type, 0, 0, TIME, null, value == null ? null : bytes(value), List.of());
    }

    private static String line(
            FieldType keyType,
            FieldType valueType,
            int partition,
            long offset,
            long timestampMs,
            byte @Nullable [] key,
            byte @Nullable [] value,
            List<Header> headers) {
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        Output out = new Output(written);
        new JsonLineWriter(keyType, valueType, out).write(partition, offset, timestampMs, key, value, headers);
        out.flush();
        return written.toString(UTF_8);
    }

    private static InputRecord parse(FieldType valueType, String line) throws BadLine {
        return new JsonLineParser(valueType).parse(bytes(line));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }
}
