package dev.tidemark.cli;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A line that is a JSON value whose key stands in one of its fields, named by a path of member names with dots between them. The key is the field's text, or
 * the spelling of its number or truth value. Of members that repeat the last counts, as in PostgreSQL.
 */
final class KeyField implements LineParser {
    private final String path;
    private final List<String> names;

    /** @throws IllegalArgumentException when a name in the path is empty */
    KeyField(String path) {
        this.path = path;
        this.names = List.of(path.split("\\.", -1));
        if (names.contains("")) {
            throw new IllegalArgumentException("a name in the path " + path + " is empty");
        }
    }

    @Override
    public InputRecord parse(byte[] line) throws BadLine {
        return JsonText.read(line, "the value", parser -> InputRecord.of(keyIn(parser, line), line));
    }

    private byte[] keyIn(JsonParser parser, byte[] line) throws IOException, BadLine {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            throw new BadLine("the value is not a JSON object, so it has no field " + path);
        }
        byte[] key = find(parser, line, 0);
        if (key == null) {
            throw new BadLine("the value has no field " + path + " to take the key from");
        }
        return key;
    }

    /** Reads the object the parser stands in to its end. */
    private byte @Nullable [] find(JsonParser parser, byte[] line, int depth) throws IOException, BadLine {
        byte[] found = null;
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            boolean wanted = names.get(depth).equals(parser.currentName());
            JsonToken token = parser.nextToken();
            if (!wanted) {
                parser.skipChildren();
            } else if (depth == names.size() - 1) {
                found = scalar(parser, token, line);
            } else if (token == JsonToken.START_OBJECT) {
                found = find(parser, line, depth + 1);
            } else {
                found = null;
                parser.skipChildren();
            }
        }
        return found;
    }

    private byte[] scalar(JsonParser parser, JsonToken token, byte[] line) throws IOException, BadLine {
        if (token == JsonToken.VALUE_STRING) {
            return Utf8.encode(parser.getText(), "field " + path);
        }
        if (token.isStructStart() || token == JsonToken.VALUE_NULL) {
            String kind = token == JsonToken.START_OBJECT
                    ? "an object"
                    : token == JsonToken.START_ARRAY ? "an array" : "null";
            throw new BadLine(
                    "field " + path + " is " + kind + ", not a text, number or truth value to take the key from");
        }
        return JsonText.slice(parser, line);
    }
}
