package dev.tidemark.server.json;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tidemark.server.testing.Fuzz;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonStringTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"plain\" | plain",
                "\"\" | ``",
                "\"é日😀\" | é日😀",
                "\"\\\"\\\\\\/\" | \"\\/",
                "\"\\u0041\\u00e9\\u65e5\\ud83d\\ude00\\uFFFF\" | Aé日😀\uFFFF",
                "\"x\\\\\" | x\\",
            })
    void isReadAsTheTextItMeans(String json, String text) {
        byte[] bytes = (json + ",\"more\"").getBytes(UTF_8);
        int end = JsonString.end(bytes, 1, bytes.length);

        assertThat(end).isEqualTo(json.getBytes(UTF_8).length - 1);
        assertThat(decoded(bytes, 1, end)).isEqualTo(text);
    }

    @Test
    void isReadAsJacksonReadsIt() {
        Fuzz.run(2000, random -> {
            String text = Fuzz.text(random, 30);
            byte[] json = Fuzz.quoted(text).getBytes(UTF_8);

            assertThat(JsonString.end(json, 1, json.length)).isEqualTo(json.length - 1);
            assertThat(decoded(json, 1, json.length - 1))
                    .isEqualTo(text)
                    .isEqualTo(new ObjectMapper().readValue(json, String.class));
        });
    }

    @Test
    void isReadWithinItsBoundsWhateverItIs() {
        Fuzz.run(5000, random -> {
            byte[] json = Fuzz.mutated(
                    Fuzz.quoted(Fuzz.text(random, 10) + "\\\ud83d\ude00").getBytes(UTF_8), random);
            int at = Math.min(1, json.length);
            int end = JsonString.end(json, at, json.length);

            assertThat(end).isBetween(at, json.length);
            JsonString.isText(json, at, end);
            assertThat(JsonString.decode(json, at, end, new byte[end - at], 0)).isBetween(0, end - at);
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"\\ud83d", "\\ude00", "a\\ud83d\\n", "\\ud83d\\ud83d", "\\ude00\\ud83d", "\\ud83dx"})
    void isNoTextWithHalfOfASurrogatePair(String inside) {
        byte[] bytes = inside.getBytes(UTF_8);

        assertThat(JsonString.isText(bytes, 0, bytes.length)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "plain", "\\ud83d\\ude00", "\\\\ud83d", "\\u0041\\n"})
    void isTextOtherwise(String inside) {
        byte[] bytes = inside.getBytes(UTF_8);

        assertThat(JsonString.isText(bytes, 0, bytes.length)).isTrue();
    }

    private static String decoded(byte[] bytes, int at, int end) {
        byte[] text = new byte[end - at];
        return new String(text, 0, JsonString.decode(bytes, at, end, text, 0), UTF_8);
    }
}
