package dev.tidemark.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A line that is a JSON value whose key stands in one of its fields, named by a path of member names with dots between them. The key is the field's text, or
 * the spelling of its number or truth value. Of members that repeat the last counts, as in PostgreSQL.
 */
final class KeyField implements LineParser {
    private final String path;
    private final List<byte[]> names;
    private final Found none;

    /** @throws IllegalArgumentException when a name in the path is empty */
    KeyField(String path) {
        this.path = path;
        List<String> parts = List.of(path.split("\\.", -1));
        if (parts.contains("")) {
            throw new IllegalArgumentException("a name in the path " + path + " is empty");
        }
        this.names = parts.stream().map(name -> name.getBytes(UTF_8)).toList();
        this.none = new Found(null, "the value has no field " + path + " to take the key from");
    }

    @Override
    public InputRecord parse(byte[] line) throws BadLine {
        JsonScanner scanner = new JsonScanner(line);
        if (!scanner.passes('{')) {
            throw new BadLine("the value is not a JSON object, so it has no field " + path);
        }
        Found found = find(scanner, line, 0);
        scanner.expectEnd();
        if (found.key() == null) {
            throw new BadLine(found.instead());
        }
        return InputRecord.of(found.key(), line);
    }

    /** The key, or what there is instead: only at the end of an object is it known which of its members counts. */
    private record Found(byte @Nullable [] key, String instead) {}

    private Found notScalar(String kind) {
        return new Found(
                null, "field " + path + " is " + kind + ", not a text, number or truth value to take the key from");
    }

    /** Reads an object, from behind its brace to its end. */
    private Found find(JsonScanner scanner, byte[] line, int depth) throws BadLine {
        Found found = none;
        if (scanner.passes('}')) {
            return found;
        }
        do {
            boolean wanted = Arrays.equals(names.get(depth), string(scanner, line));
            scanner.expect(':');
            if (!wanted) {
                scanner.skipValue();
            } else if (depth == names.size() - 1) {
                found = scalar(scanner, line);
            } else if (scanner.passes('{')) {
                found = find(scanner, line, depth + 1);
            } else {
                found = none;
                scanner.skipValue();
            }
        } while (scanner.passes(','));
        scanner.expect('}');
        return found;
    }

    private Found scalar(JsonScanner scanner, byte[] line) throws BadLine {
        byte first = scanner.peek();
        if (first == '"') {
            return new Found(string(scanner, line), "");
        }
        int from = scanner.position();
        scanner.skipValue();
        return switch (first) {
            case '{' -> notScalar("an object");
            case '[' -> notScalar("an array");
            case 'n' -> notScalar("null");
            default -> new Found(Arrays.copyOfRange(line, from, scanner.position()), "");
        };
    }

    /** What a string stands for, in UTF-8. */
    private static byte[] string(JsonScanner scanner, byte[] line) throws BadLine {
        scanner.peek();
        int from = scanner.position();
        scanner.skipString();
        byte[] quoted = Arrays.copyOfRange(line, from, scanner.position());
        for (byte b : quoted) {
            if (b == '\\') {
                return unescaped(quoted);
            }
        }
        return Arrays.copyOfRange(quoted, 1, quoted.length - 1);
    }

    private static byte[] unescaped(byte[] quoted) throws BadLine {
        return JsonText.read(quoted, "a string in the value", parser -> {
            parser.nextToken();
            return Utf8.encode(parser.getText(), "a string in the value");
        });
    }
}
