package dev.tidemark.server.http;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.BatchResult;
import dev.tidemark.protocol.api.Problem;
import dev.tidemark.server.json.Utf8Text;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** How JSON is read and written here: snake_case out; strict, bounded and with places named in. */
final class Json {
    /** Deeper nesting than this is refused as malformed wherever it stands. */
    static final int MAX_DEPTH = 1000;

    /** What Jackson adds for Java programmers: where tokens began, settings that would allow more, and all but the first line. */
    private static final Pattern JACKSONS_ADVICE = Pattern.compile(
            " \\(start marker at [^)]*\\)[^)]*\\)|: enable `.*|, from `[^`]*`|\\s*\\n.*", Pattern.DOTALL);

    /** How Jackson says that more than {@link #MAX_TEXT_CHARS} are there. */
    private static final String TOO_LONG = "String value length";

    /** In a body that is read into a tree; a fetch of as many partitions as are allowed has half as many. */
    static final int MAX_TREE_TOKENS = 160_000;

    /**
     * Characters of a number or string that Jackson reads as a whole. Records' keys, values and headers are not among them unless they are numbers: strings are taken from
     * the body where they lie.
     */
    static final int MAX_TEXT_CHARS = 128 * 1024;

    static final JsonFactory FACTORY = factory(Long.MAX_VALUE);

    private static final JsonFactory TREE_FACTORY = factory(MAX_TREE_TOKENS);

    static final JsonMapper MAPPER = JsonMapper.builder(FACTORY)
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            // Numbers are strings to a topic's configs, as they were written.
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            .withConfigOverride(Problem.class, o -> o.setInclude(nonNull()))
            .withConfigOverride(BatchResult.class, o -> o.setInclude(nonNull()))
            .build();

    private Json() {}

    private static JsonFactory factory(long maxTokens) {
        return JsonFactory.builder()
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(MAX_DEPTH)
                        .maxTokenCount(maxTokens)
                        // Of numbers too, while their digits are gathered.
                        .maxStringLength(MAX_TEXT_CHARS)
                        // Numbers are never converted unless they are short.
                        .maxNumberLength(Integer.MAX_VALUE)
                        .build())
                .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                .disable(StreamWriteFeature.AUTO_CLOSE_CONTENT)
                // A caller who makes names collide gets a slower parse, not an IllegalStateException.
                .disable(JsonFactory.Feature.FAIL_ON_SYMBOL_HASH_OVERFLOW)
                .build();
    }

    private static JsonInclude.Value nonNull() {
        return JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.ALWAYS);
    }

    /**
     * A parser over a body that holds text. Jackson guesses UTF-16 and UTF-32 from NUL bytes, so bodies with any are refused before it sees them; so is what is no
     * UTF-8, which Jackson does not fully check.
     *
     * @throws ApiException INVALID_REQUEST
     */
    static JsonParser parser(byte[] body, int length) throws IOException {
        return parser(FACTORY, body, length);
    }

    /** Reads one value with a parser that stands at it. */
    interface ValueReader<T> {
        @Nullable
        T read(JsonParser parser) throws IOException;
    }

    /**
     * One JSON value that lies in an array among other things.
     *
     * @throws ApiException INVALID_REQUEST when it is none, or another follows
     */
    static <T> @Nullable T read(byte[] bytes, int at, int length, ValueReader<T> reader) {
        byte[] text = Arrays.copyOfRange(bytes, at, at + length);
        try (JsonParser parser = parser(text, length)) {
            parser.nextToken();
            T value = reader.read(parser);
            if (parser.nextToken() != null) {
                throw new ApiException(ErrorCode.INVALID_REQUEST, "more follows after a JSON value");
            }
            return value;
        } catch (JsonProcessingException e) {
            throw malformed(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** As {@link #parser}, for a tree: of no more than {@link #MAX_TREE_TOKENS} tokens. */
    static JsonParser treeParser(byte[] body, int length) throws IOException {
        return parser(TREE_FACTORY, body, length);
    }

    private static JsonParser parser(JsonFactory factory, byte[] body, int length) throws IOException {
        String fault = Utf8Text.check(body, 0, length);
        if (fault != null) {
            throw new ApiException(ErrorCode.INVALID_REQUEST, "the body is not JSON in UTF-8: " + fault);
        }
        return factory.createParser(body, 0, length);
    }

    /** What a caller is told of a body that is no JSON; Jackson's own message speaks of Java. */
    static ApiException malformed(JsonProcessingException e) {
        if (e instanceof StreamConstraintsException && e.getOriginalMessage().startsWith(TOO_LONG)) {
            return new ApiException(
                    ErrorCode.INVALID_REQUEST,
                    "the body has a number, or a string that is no record's key, value or header, of more than "
                            + MAX_TEXT_CHARS + " characters, as many as are read");
        }
        String place = e.getLocation() == null
                ? ""
                : String.format(
                        Locale.ROOT,
                        " (line %d, column %d)",
                        e.getLocation().getLineNr(),
                        e.getLocation().getColumnNr());
        return new ApiException(
                ErrorCode.INVALID_REQUEST, "the body is not JSON: " + inOurWords(e.getOriginalMessage()) + place);
    }

    private static String inOurWords(@Nullable String message) {
        if (message == null) {
            return "it cannot be read";
        }
        String words = JACKSONS_ADVICE.matcher(message).replaceAll("");
        return words.length() > 300 ? words.substring(0, 300) + "…" : words;
    }
}
