package dev.tidemark.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KeyFieldTest {
    @ParameterizedTest
    @CsvSource(delimiter = ';', textBlock = """
            path      ; {"path": "a/b.c", "n": 1}                       ; a/b.c
            path      ; {"x": {"path": "inner"}, "path": "outer"}       ; outer
            a.b       ; {"a": {"c": [1, {"b": 2}], "b": "deep"}}        ; deep
            a.b.c     ; {"a": {"b": {"c": "deeper"}}}                   ; deeper
            n         ; {"n": 1.50e+3}                                  ; 1.50e+3
            n         ; {"n": -0}                                       ; -0
            n         ; {"n": 123456789012345678901234567890}           ; 123456789012345678901234567890
            t         ; {"t": true}                                     ; true
            t         ; {"t":false}                                     ; false
            path      ; {"path": "\\u00e9\\n\\"\\\\ \\ud83d\\ude00"}    ; é⏎"\\ 😀
            path      ; {"path": "first", "path": "last"}               ; last
            é         ; {"é": "ü"}                                      ; ü
            """)
    void keyIsTheFieldsTextOrSpelling(String path, String value, String key) throws Exception {
        assertThat(new String(new KeyField(path).parse(value.getBytes(UTF_8)).key(), UTF_8).replace('\n', '⏎'))
                .isEqualTo(key);
    }

    @Test
    void valueIsTheLineItself() throws Exception {
        byte[] line = " {\"k\" : 1.0 , \"v\":\"\\u0041\"} \r".getBytes(UTF_8);
        assertThat(new KeyField("k").parse(line).value()).isEqualTo(line);
    }

    @Test
    void emptyTextIsAKey() throws Exception {
        assertThat(new KeyField("k").parse("{\"k\":\"\"}".getBytes(UTF_8)).key())
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', textBlock = """
            path ; {"other": 1}             ; the value has no field path
            a.b  ; {"a": 1}                 ; the value has no field a.b
            a.b  ; {"a": [{"b": 1}]}        ; the value has no field a.b
            a.b  ; {"a":{"b":1},"a":{}}     ; the value has no field a.b
            path ; {"path": null}           ; is null
            path ; {"path": {"a": 1}}       ; is an object
            path ; {"path": [1]}            ; is an array
            path ; [1]                      ; not a JSON object
            path ; "path"                   ; not a JSON object
            path ; {"path": 1               ; is not JSON
            path ; {"path": 1,}             ; is not JSON
            path ; {"path": "\\ud800"}      ; half a surrogate pair
            path ; nonsense                 ; not a JSON object
            path ; {"path" 1}               ; ':' expected at byte 8
            path ; {"path": }               ; a value expected at byte 9
            path ; {"path": "x              ; '"' expected
            path ; {"path": "x\\          ; '"' expected
            path ; {"path": 1} 2            ; more behind its end
            path ; {"a": [{"b": 1}          ; cut off
            path ; {path: 1}                ; '"' expected
            """)
    void valueWithoutSuchAScalarMakesNoRecord(String path, String value, String why) {
        assertThatThrownBy(() -> new KeyField(path).parse(value.getBytes(UTF_8)))
                .isInstanceOf(BadLine.class)
                .hasMessageContaining(why);
    }

    @Test
    void emptyLineMakesNoRecord() {
        assertThatThrownBy(() -> new KeyField("k").parse(new byte[0])).isInstanceOf(BadLine.class);
    }

    @Test
    void zeroBytesAreNotTakenForUtf16() {
        byte[] utf16 = "{\"k\":1}".getBytes(java.nio.charset.StandardCharsets.UTF_16LE);
        assertThatThrownBy(() -> new KeyField("k").parse(utf16))
                .isInstanceOf(BadLine.class)
                .hasMessageContaining("not JSON");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "a.", ".a", "a..b"})
    void pathWithAnEmptyNameIsRefused(String path) {
        assertThatThrownBy(() -> new KeyField(path)).isInstanceOf(IllegalArgumentException.class);
    }

    @RepeatedTest(20)
    void keyIsTheOneAParserFinds(RepetitionInfo repetition) throws Exception {
        ObjectMapper parser = new ObjectMapper();
        Random random = new Random(repetition.getCurrentRepetition());
        for (int i = 0; i < 200; i++) {
            String value = "{\"k\":" + JsonLinesTest.randomJson(random, 4) + ",\"x\":"
                    + JsonLinesTest.randomJson(random, 2) + "}";
            for (String path : List.of("k", "k.k", "x", "x.k", "none")) {
                JsonNode field = parser.readTree(value).at("/" + path.replace('.', '/'));
                assertThat(keyOrNull(path, value)).as("%s of %s", path, value).isEqualTo(scalarOrNull(field));
            }
        }
    }

    private static @Nullable String keyOrNull(String path, String value) {
        try {
            byte[] key = new KeyField(path).parse(value.getBytes(UTF_8)).key();
            return new String(key, UTF_8);
        } catch (BadLine noSuchField) {
            return null;
        }
    }

    private static @Nullable String scalarOrNull(JsonNode field) {
        return field.isValueNode() && !field.isNull() ? field.asText() : null;
    }
}
