package dev.tidemark.cli;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.tidemark.protocol.Header;
import java.io.IOException;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A line that is one record as a JSON object, with the fields of the HTTP fetch answer: what {@code consume --format json} prints.
 *
 * <p>A value that is not a JSON string is taken byte for byte as it stands in the line. Where a field and its {@code _base64} form are both there, the latter
 * counts: {@link JsonLineWriter} writes both where the exact bytes do not fit into a line.
 */
final class JsonLineParser implements LineParser {
    private final boolean jsonValues;

    /** @param valueType decides what a JSON string is: in a {@code json} topic itself, quotes and all, elsewhere the text it stands for */
    JsonLineParser(FieldType valueType) {
        this.jsonValues = valueType == FieldType.JSON;
    }

    @Override
    public InputRecord parse(byte[] line) throws BadLine {
        return JsonText.read(line, "the line", parser -> readLine(parser, line));
    }

    private InputRecord readLine(JsonParser parser, byte[] line) throws IOException, BadLine {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            throw new BadLine("the line is not a JSON object");
        }
        Fields fields = new Fields();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            parser.nextToken();
            readField(name, parser, line, fields);
        }
        if (parser.nextToken() != null) {
            throw new BadLine("the line has more behind its JSON object");
        }
        return fields.toRecord();
    }

    private void readField(String name, JsonParser parser, byte[] line, Fields fields) throws IOException, BadLine {
        switch (name) {
            case "key" -> fields.key = bytes(parser, line, name, false);
            case "key_base64" -> fields.keyBase64 = base64(parser, name);
            case "value" -> fields.value = bytes(parser, line, name, jsonValues);
            case "value_base64" -> fields.valueBase64 = base64(parser, name);
            case "partition" -> fields.partition = partition(parser);
            case "timestamp" -> fields.timestampMs = timestamp(parser);
            case "headers" -> fields.headers = JsonHeaders.read(parser);
            case "offset" -> parser.skipChildren();
            default ->
                throw new BadLine("a record has no field " + name
                        + "; it has partition, offset, timestamp, key, key_base64, value, value_base64 and headers");
        }
    }

    private static byte @Nullable [] bytes(JsonParser parser, byte[] line, String name, boolean stringsAreJson)
            throws IOException, BadLine {
        if (parser.currentToken() == JsonToken.VALUE_NULL) {
            return null;
        }
        if (parser.currentToken() == JsonToken.VALUE_STRING && !stringsAreJson) {
            return Utf8.encode(parser.getText(), name);
        }
        return JsonText.slice(parser, line);
    }

    /** The bytes of a base64 string, or null. */
    static byte @Nullable [] base64(JsonParser parser, String name) throws IOException, BadLine {
        if (parser.currentToken() == JsonToken.VALUE_NULL) {
            return null;
        }
        if (parser.currentToken() != JsonToken.VALUE_STRING) {
            throw new BadLine(name + " is not a JSON string");
        }
        try {
            return Base64.getDecoder().decode(parser.getText());
        } catch (IllegalArgumentException e) {
            throw new BadLine(name + " is not base64: " + e.getMessage());
        }
    }

    private static @Nullable Integer partition(JsonParser parser) throws IOException, BadLine {
        if (parser.currentToken() == JsonToken.VALUE_NULL) {
            return null;
        }
        if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT) {
            throw new BadLine("partition is not a whole number");
        }
        try {
            return Integer.valueOf(parser.getText());
        } catch (NumberFormatException e) {
            throw new BadLine("partition is not a whole number of at most " + Integer.MAX_VALUE);
        }
    }

    private static @Nullable Long timestamp(JsonParser parser) throws IOException, BadLine {
        if (parser.currentToken() == JsonToken.VALUE_NULL) {
            return null;
        }
        try {
            return parser.currentToken() == JsonToken.VALUE_STRING
                    ? Timestamps.parse(parser.getText())
                    : Long.parseLong(parser.getText());
        } catch (NumberFormatException e) {
            throw new BadLine("timestamp is neither an RFC 3339 time nor whole milliseconds since 1970");
        } catch (IllegalArgumentException e) {
            throw new BadLine("timestamp " + e.getMessage());
        }
    }

    /** What was read of a record so far. */
    private static final class Fields {
        private byte @Nullable [] key;
        private byte @Nullable [] keyBase64;
        private byte @Nullable [] value;
        private byte @Nullable [] valueBase64;
        private @Nullable Integer partition;
        private @Nullable Long timestampMs;
        private List<Header> headers = List.of();

        private InputRecord toRecord() {
            return new InputRecord(
                    partition,
                    timestampMs,
                    keyBase64 == null ? key : keyBase64,
                    valueBase64 == null ? value : valueBase64,
                    headers);
        }
    }
}
