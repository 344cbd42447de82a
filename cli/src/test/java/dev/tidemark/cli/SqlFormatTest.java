package dev.tidemark.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SqlFormatTest {
    @Test
    void csvQuotesOnlyWhatNeedsIt() {
        assertThat(csv("plain text")).isEqualTo("plain text");
        assertThat(csv("a,b")).isEqualTo("\"a,b\"");
        assertThat(csv("say \"hi\"")).isEqualTo("\"say \"\"hi\"\"\"");
        assertThat(csv("a\nb")).isEqualTo("\"a\nb\"");
        assertThat(csv("a\rb")).isEqualTo("\"a\rb\"");
    }

    @Test
    void csvTellsNullFromEmptyText() {
        assertThat(csv(null)).isEmpty();
        assertThat(csv("")).isEqualTo("\"\"");
    }

    @ParameterizedTest
    @CsvSource({"NUMBER, 1.50, 1.50", "NUMBER, -1e300, -1e300", "BOOLEAN, t, true", "BOOLEAN, f, false"})
    void jsonKeepsNumbersAndTruthValues(SqlJson.Kind kind, String text, String json) {
        assertThat(json(text, kind)).isEqualTo(json);
    }

    @Test
    void jsonHasNoNumberForNan() {
        assertThat(json("NaN", SqlJson.Kind.NUMBER)).isEqualTo("\"NaN\"");
        assertThat(json("-Infinity", SqlJson.Kind.NUMBER)).isEqualTo("\"-Infinity\"");
    }

    @Test
    void jsonStaysJsonOnOneLine() {
        assertThat(json("{\"a\":\n [1]}", SqlJson.Kind.JSON)).isEqualTo("{\"a\":  [1]}");
        assertThat(json("a\n\"b\"", SqlJson.Kind.TEXT)).isEqualTo("\"a\\n\\\"b\\\"\"");
        assertThat(json(null, SqlJson.Kind.JSON)).isEqualTo("null");
    }

    private static String csv(@Nullable String text) {
        return written(out -> SqlCsv.writeField(text, 1, out));
    }

    private static String json(@Nullable String text, SqlJson.Kind kind) {
        return written(out -> SqlJson.writeValue(text, kind, out));
    }

    private static String written(Consumer<Output> writing) {
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        Output out = new Output(written);
        writing.accept(out);
        out.flush();
        return written.toString(UTF_8);
    }
}
