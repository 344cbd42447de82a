package dev.tidemark.server.json;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTextTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "null",
                "true",
                "false",
                "0",
                "-0",
                "12.50",
                "1e400",
                "-1.5E+07",
                "\"\"",
                "\"a\"",
                "{}",
                "[]",
                " [ ] ",
                "{ }\n",
                "[1,2]",
                "\t{\"a\" : [ {} , null ] }\r\n",
                "{\"a\":1,\"a\":2}",
                "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u0001\"",
                "\"\\ud83d\\ude00\"",
                "\"\\uD83D\\uDE00\"",
                "\"é日\ud83d\ude00\u007f\"",
                "[[[[[[]]]]]]",
                "\"a string that is longer than eight bytes, and then \\n some more of it\"",
                "\"\\u000a\""
            })
    void jsonIsAccepted(String text) {
        assertThat(check(text)).isNull();
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            delimiter = '|',
            value = {
                "``| there is nothing, at byte 0",
                "`  `| there is nothing, at byte 2",
                "nul| the text ends in the middle, at byte 3",
                "null0| more follows after the value, at byte 4 ('0')",
                "nukl| a value should begin here, at byte 0 ('n')",
                "True| a value should begin here, at byte 0 ('T')",
                "NaN| a value should begin here, at byte 0 ('N')",
                "'a'| a value should begin here, at byte 0 (''')",
                "01| this is no JSON number, at byte 0 ('0')",
                "-| the text ends in the middle, at byte 1",
                "-a| this is no JSON number, at byte 0 ('-')",
                "+1| a value should begin here, at byte 0 ('+')",
                ".5| a value should begin here, at byte 0 ('.')",
                "[1.]| this is no JSON number, at byte 1 ('1')",
                "[1.e5]| this is no JSON number, at byte 1 ('1')",
                "[1e]| this is no JSON number, at byte 1 ('1')",
                "1e+| the text ends in the middle, at byte 3",
                "1x| more follows after the value, at byte 1 ('x')",
                "0x10| more follows after the value, at byte 1 ('x')",
                "1 2| more follows after the value, at byte 2 ('2')",
                "{} {}| more follows after the value, at byte 3 ('{')",
                "[| the text ends in the middle, at byte 1",
                "[1| the text ends in the middle, at byte 2",
                "[1,]| a value should begin here, at byte 3 (']')",
                "[,1]| a value should begin here, at byte 1 (',')",
                "[1 2]| a comma or ] should stand here, at byte 3 ('2')",
                "[1}| a comma or ] should stand here, at byte 2 ('}')",
                "]| a value should begin here, at byte 0 (']')",
                "{| the text ends in the middle, at byte 1",
                "{1:2}| a member's name in quotes should stand here, at byte 1 ('1')",
                "{a:2}| a member's name in quotes should stand here, at byte 1 ('a')",
                "{,}| a member's name in quotes should stand here, at byte 1 (',')",
                "{\"a\"}| a colon should follow the member's name, at byte 4 ('}')",
                "{\"a\" 1}| a colon should follow the member's name, at byte 5 ('1')",
                "{\"a\":}| a value should begin here, at byte 5 ('}')",
                "{\"a\":1,}| a member's name in quotes should stand here, at byte 7 ('}')",
                "{\"a\":1]| a comma or } should stand here, at byte 6 (']')",
                "{\"a\"| the text ends in the middle, at byte 4",
                "{\"a\":| the text ends in the middle, at byte 5",
                "\"a| the text ends in the middle, at byte 2",
                "\"a\\| the text ends in the middle, at byte 3",
                "\"\\u12| the text ends in the middle, at byte 5",
                "\"\\x41\"| there is no such escape, at byte 1 ('\\')",
                "\"\\u12g4\"| there is no such escape, at byte 1 ('\\')",
                "\"\\U1234\"| there is no such escape, at byte 1 ('\\')",
                "\"abcdefgh\\u0000\"| \\u0000 cannot be stored as text, at byte 9 ('\\')",
                "\"\\ud83d\"| the escape is half of a surrogate pair without its other half, at byte 1 ('\\')",
                "\"\\ud83d\\n\"| the escape is half of a surrogate pair without its other half, at byte 1 ('\\')",
                "\"\\ud83d\\ud83d\"| the escape is half of a surrogate pair without its other half, at byte 1 ('\\')",
                "\"\\ude00\\ud83d\"| the escape is half of a surrogate pair without its other half, at byte 1 ('\\')",
                "{\"\\ude00\":1}| the escape is half of a surrogate pair without its other half, at byte 2 ('\\')",
                "// a| a value should begin here, at byte 0 ('/')",
                "\u00a01| a value should begin here, at byte 0 (0xC2)",
                "\ufeff1| a value should begin here, at byte 0 (0xEF)",
            })
    void whatIsNoJsonIsNamedWithItsPlace(String text, String fault) {
        assertThat(check(text)).isEqualTo(fault);
    }

    @Test
    void controlCharactersInStringsAreRefusedWhereverTheyStand() {
        for (int control = 0; control < 32; control++) {
            for (int before = 0; before < 18; before++) {
                String text = '"' + "x".repeat(before) + (char) control + "yyyyyyyy\"";

                assertThat(check(text))
                        .isEqualTo(
                                "a control character in a string must be escaped, at byte %d (0x%02X)",
                                before + 1, control);
            }
        }
    }

    @Test
    void brokenUtf8InStringsIsRefused() {
        byte[] bytes = "\"abcdefghi?\"".getBytes(StandardCharsets.UTF_8);
        bytes[10] = (byte) 0xc0;

        assertThat(JsonText.check(bytes, 0, bytes.length)).isEqualTo("no valid UTF-8, at byte 10 (0xC0)");
    }

    @Test
    void nestingIsAcceptedToItsBoundAndNoFurther() {
        assertThat(check(nested(JsonText.MAX_DEPTH))).isNull();
        assertThat(check(nested(JsonText.MAX_DEPTH + 1)))
                .isEqualTo(
                        "arrays and objects are nested deeper than 512, at byte %d ('[')",
                        nested(JsonText.MAX_DEPTH).indexOf("0"));
        assertThat(check("[".repeat(2_000_000))).contains("nested deeper than 512");
    }

    /** Which bracket closes must be known at every depth, also past each 64 levels. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 63, 64, 65, 66, 127, 128, 129, 130, 191, 192, 193, 511, 512})
    void theClosingBracketMustFitAtEveryDepth(int depth) {
        String text = nested(depth);
        for (int close = 0; close < depth; close++) {
            StringBuilder wrong = new StringBuilder(text);
            int at = text.length() - depth + close;
            wrong.setCharAt(at, text.charAt(at) == ']' ? '}' : ']');

            assertThat(check(wrong.toString()))
                    .as("depth %d, bracket %d", depth, close)
                    .startsWith("a comma or")
                    .contains("at byte " + at);
        }
        assertThat(check(text)).isNull();
        assertThat(check("[" + text.substring(1, text.length() - 1) + ",{\"again\":[]}]"))
                .isNull();
    }

    @Test
    void onlyTheSliceIsRead() {
        byte[] bytes = "x{\"a\":1}2".getBytes(StandardCharsets.UTF_8);

        assertThat(JsonText.check(bytes, 1, 7)).isNull();
        assertThat(JsonText.check(bytes, 1, 6)).isEqualTo("the text ends in the middle, at byte 6");
        assertThat(JsonText.check(bytes, 1, 8)).isEqualTo("more follows after the value, at byte 7 ('2')");
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            delimiter = '|',
            value = {
                "`{\"a\":1}`|`{\"a\":1}`",
                "` {\"a\" : [ 1 , 2.50 ] , \"a\":\t1E5 }\n`|`{\"a\":[1,2.50],\"a\":1E5}`",
                "`\" a \\\" b\\\\\" `|`\" a \\\" b\\\\\"`",
                "` 1 `|`1`",
                "`[ ]`|`[]`",
                "`{ \"\\\\\" : \"\\\\\" }`|`{\"\\\\\":\"\\\\\"}`",
                "`[ \"\", \"é 日\" ]`|`[\"\",\"é 日\"]`",
            })
    void compactingTakesOnlyTheWhitespaceBetweenTokens(String text, String compact) {
        assertThat(compact(text)).isEqualTo(compact);
        assertThat(compact(compact)).isEqualTo(compact);
    }

    @Test
    void compactingMayBeDoneInPlace() {
        byte[] bytes = "xx [ 1 , \"a b\" ]".getBytes(StandardCharsets.UTF_8);

        int length = JsonText.compact(bytes, 2, bytes.length - 2, bytes, 0);

        assertThat(new String(bytes, 0, length, StandardCharsets.UTF_8)).isEqualTo("[1,\"a b\"]");
    }

    /** Jackson over strictly decoded characters, with our three additions, is the reference. */
    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13, 14, 15})
    void agreesWithJacksonOnRandomAndMutatedTexts(long seed) {
        Random random = new Random(seed);
        int accepted = 0;
        for (int round = 0; round < 20_000; round++) {
            byte[] bytes = new RandomJson(random).text().getBytes(StandardCharsets.UTF_8);
            for (int mutations = random.nextInt(3); mutations > 0; mutations--) {
                bytes = RandomJson.mutated(bytes, random);
            }
            boolean expected = referenceAccepts(bytes);
            accepted += expected ? 1 : 0;
            assertThat(JsonText.check(bytes, 0, bytes.length) == null)
                    .as("seed %d, round %d: %s", seed, round, new String(bytes, StandardCharsets.ISO_8859_1))
                    .isEqualTo(expected);
        }
        assertThat(accepted).isBetween(5_000, 18_000);
    }

    @ParameterizedTest
    @ValueSource(longs = {21, 22})
    void compactingNeverChangesATextsTokens(long seed) throws IOException {
        Random random = new Random(seed);
        for (int round = 0; round < 10_000; round++) {
            String text = new RandomJson(random).text();
            String compact = compact(text);

            assertThat(tokens(compact))
                    .as("seed %d, round %d: %s", seed, round, text)
                    .isEqualTo(tokens(text));
            assertThat(check(compact)).isNull();
            assertThat(compact(compact)).isEqualTo(compact);
        }
    }

    private static boolean referenceAccepts(byte[] bytes) {
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
            try (JsonParser parser = new JsonFactory().createParser(text)) {
                int depth = 0;
                do {
                    JsonToken token = parser.nextToken();
                    if (token == null) {
                        return false;
                    }
                    if (token == JsonToken.FIELD_NAME || token == JsonToken.VALUE_STRING) {
                        if (!isStorable(parser.getText())) {
                            return false;
                        }
                    }
                    depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
                } while (depth > 0);
                return parser.nextToken() == null;
            }
        } catch (CharacterCodingException e) {
            return false;
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean isStorable(String text) {
        return text.indexOf(0) < 0
                && text.codePoints().noneMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE);
    }

    private static String tokens(String text) throws IOException {
        StringBuilder tokens = new StringBuilder();
        try (JsonParser parser = new JsonFactory().createParser(text)) {
            while (parser.nextToken() != null) {
                tokens.append(parser.currentToken()).append(parser.getText()).append('\n');
            }
        }
        return tokens.toString();
    }

    /** Arrays and objects in turn, so many deep, irregular enough that a lost bit shows. */
    private static String nested(int depth) {
        StringBuilder open = new StringBuilder();
        StringBuilder close = new StringBuilder();
        for (int i = 0; i < depth; i++) {
            boolean object = i % 3 == 1 || i % 7 == 2;
            open.append(object ? "{\"a\":" : "[");
            close.append(object ? '}' : ']');
        }
        return open + "0" + close.reverse();
    }

    private static String check(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return JsonText.check(bytes, 0, bytes.length);
    }

    private static String compact(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        byte[] compact = new byte[bytes.length];
        int length = JsonText.compact(bytes, 0, bytes.length, compact, 0);
        return new String(compact, 0, length, StandardCharsets.UTF_8);
    }
}
