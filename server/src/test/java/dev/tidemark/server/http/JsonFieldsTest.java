package dev.tidemark.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonFieldsTest {
    @Test
    void configsMayBeStringsNumbersOrBooleans() {
        JsonFields fields = read("{\"configs\":{\"a\":\"x\",\"b\":86400000,\"c\":true,\"d\":0.50,\"e\":null}}");

        assertThat(fields.strings("configs"))
                .containsEntry("a", "x")
                .containsEntry("b", "86400000")
                .containsEntry("c", "true")
                .containsEntry("d", "0.50")
                .containsEntry("e", null);
    }

    @Test
    void aFieldThatIsNullIsAbsent() {
        JsonFields fields = read("{\"count\":null,\"configs\":null}");

        assertThat(fields.integer("count", 0, 10)).isNull();
        assertThat(fields.strings("configs")).isNull();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"name\":5} | \"name\" in the body must be a string, not 5",
                "{\"name\":{}} | \"name\" in the body must be a string, not an object",
                "{} | the body has no \"name\"",
                "{\"name\":null} | the body has no \"name\"",
                "{\"name\":\"a\",\"count\":\"three\"} | \"count\" in the body must be a whole number from 0 to 10, not the string \"three\"",
                "{\"name\":\"a\",\"count\":1.5} | \"count\" in the body must be a whole number from 0 to 10, not 1.5",
                "{\"name\":\"a\",\"count\":11} | \"count\" in the body must be a whole number from 0 to 10, not 11",
                "{\"name\":\"a\",\"count\":[]} | \"count\" in the body must be a whole number from 0 to 10, not an array",
                "{\"name\":\"a\",\"configs\":5} | \"configs\" in the body must be an object of names and strings or numbers, not 5",
                "{\"name\":\"a\",\"configs\":{\"x\":[]}} | \"configs.x\" in the body must be a string or number, not an array",
                "{\"nmae\":\"a\"} | the body has an unknown field \"nmae\"; known are name, count, configs",
                "[] | the body must be a JSON object, not an array",
                "`` | the body is empty; a JSON object is expected",
                "null | the body must be a JSON object, not null",
                "{\"name\":\"a\"}} | the body is not JSON: Unexpected close marker '}'",
                "{\"name\":\"a\"} 1 | the body goes on after its JSON object",
                "{\"name\":\"a\",\"name\":\"b\"} | the body is not JSON: Duplicate field 'name'",
                "{\"name\" | the body is not JSON",
            })
    void whatIsWrongIsNamed(String body, String detail) {
        assertThat(refusal(body, fields -> {
                            fields.requiredText("name");
                            fields.integer("count", 0, 10);
                            fields.strings("configs");
                        })
                        .detail())
                .startsWith(detail);
    }

    @Test
    void nestingThatNeverEndsIsRefused() {
        assertThat(refusal("{\"name\":" + "[".repeat(20_000), fields -> {}).error())
                .isEqualTo(ErrorCode.INVALID_REQUEST);
    }

    private static ApiException refusal(String body, Consumer<JsonFields> reading) {
        ApiException refused = catchThrowableOfType(ApiException.class, () -> reading.accept(read(body)));
        assertThat(refused).as(body).isNotNull();
        assertThat(refused.error()).isEqualTo(ErrorCode.INVALID_REQUEST);
        return refused;
    }

    private static JsonFields read(String body) {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        return JsonFields.read(bytes, bytes.length, "name", "count", "configs");
    }
}
