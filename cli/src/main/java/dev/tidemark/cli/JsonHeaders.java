package dev.tidemark.cli;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.tidemark.protocol.Header;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Headers in a record's JSON: an object of strings, or a list of {@code {"name", "value" | "value_base64"}} where order, repeats and bytes matter. */
final class JsonHeaders {
    private JsonHeaders() {}

    static List<Header> read(JsonParser parser) throws IOException, BadLine {
        return switch (parser.currentToken()) {
            case VALUE_NULL -> List.of();
            case START_OBJECT -> readObject(parser);
            case START_ARRAY -> readList(parser);
            default -> throw new BadLine("headers are neither a list nor an object");
        };
    }

    private static List<Header> readObject(JsonParser parser) throws IOException, BadLine {
        List<Header> headers = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = wellFormed(parser.currentName());
            parser.nextToken();
            headers.add(new Header(name, text(parser, name)));
        }
        return headers;
    }

    private static List<Header> readList(JsonParser parser) throws IOException, BadLine {
        List<Header> headers = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (parser.currentToken() != JsonToken.START_OBJECT) {
                throw new BadLine("a header in the list is not an object with a name and a value");
            }
            headers.add(readHeader(parser));
        }
        return headers;
    }

    private static Header readHeader(JsonParser parser) throws IOException, BadLine {
        String name = null;
        byte[] value = null;
        byte[] base64 = null;
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String field = parser.currentName();
            parser.nextToken();
            switch (field) {
                case "name" -> name = name(parser);
                case "value" -> value = text(parser, "value");
                case "value_base64" -> base64 = JsonLineParser.base64(parser, "a header's value_base64");
                default -> throw new BadLine("a header has no field " + field + ", only name, value and value_base64");
            }
        }
        if (name == null) {
            throw new BadLine("a header has no name");
        }
        return new Header(name, base64 == null ? value : base64);
    }

    private static String name(JsonParser parser) throws IOException, BadLine {
        if (parser.currentToken() != JsonToken.VALUE_STRING) {
            throw new BadLine("a header's name is not a JSON string");
        }
        return wellFormed(parser.getText());
    }

    private static String wellFormed(String name) throws BadLine {
        Utf8.encode(name, "a header's name");
        return name;
    }

    private static byte @Nullable [] text(JsonParser parser, String name) throws IOException, BadLine {
        if (parser.currentToken() == JsonToken.VALUE_NULL) {
            return null;
        }
        if (parser.currentToken() != JsonToken.VALUE_STRING) {
            throw new BadLine("header " + name + " is not a JSON string");
        }
        return Utf8.encode(parser.getText(), "header " + name);
    }
}
