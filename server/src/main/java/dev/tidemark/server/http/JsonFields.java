package dev.tidemark.server.http;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The fields of a small JSON object: every refusal names the field, what was expected and what was found. A field that is null is absent. */
final class JsonFields {
    private static final int SHOWN_CHARS = 60;

    private final JsonNode object;
    private final String where;

    private JsonFields(JsonNode object, String where) {
        this.object = object;
        this.where = where;
    }

    /** As {@link #read(byte[], int, String...)}, with its tree counted among what requests hold. */
    static JsonFields read(RequestBodies.Body body, String... known) {
        body.chargeTree();
        return read(body.bytes(), body.length(), known);
    }

    /**
     * Reads a body.
     *
     * @param known the fields it may have
     * @throws ApiException INVALID_REQUEST when the body is not a JSON object with only those fields
     */
    static JsonFields read(byte[] body, int length, String... known) {
        try (JsonParser parser = Json.treeParser(body, length)) {
            JsonNode node = Json.MAPPER.readTree(parser);
            if (node == null || node.isMissingNode()) {
                throw invalid("the body is empty; a JSON object is expected");
            }
            if (parser.nextToken() != null) {
                throw invalid("the body goes on after its JSON object");
            }
            return of(node, "the body", known);
        } catch (JsonProcessingException e) {
            throw Json.malformed(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @param where what the object is, for messages, such as {@code partitions[3]} */
    static JsonFields of(JsonNode node, String where, String... known) {
        if (!node.isObject()) {
            throw invalid(where + " must be a JSON object, not " + shown(node));
        }
        List<String> names = List.of(known);
        node.fieldNames().forEachRemaining(name -> {
            if (!names.contains(name)) {
                throw invalid(where + " has an unknown field \"" + shortened(name) + "\"; known are "
                        + String.join(", ", names));
            }
        });
        return new JsonFields(node, where);
    }

    boolean has(String field) {
        return object.hasNonNull(field);
    }

    String requiredText(String field) {
        return text(required(field), field);
    }

    int requiredInteger(String field, int min, int max) {
        return integer(required(field), field, min, max);
    }

    @Nullable
    Integer integer(String field, int min, int max) {
        return has(field) ? integer(object.get(field), field, min, max) : null;
    }

    int integer(String field, int otherwise, int min, int max) {
        Integer value = integer(field, min, max);
        return value == null ? otherwise : value;
    }

    boolean bool(String field, boolean otherwise) {
        if (!has(field)) {
            return otherwise;
        }
        JsonNode value = object.get(field);
        if (!value.isBoolean()) {
            throw wrong(field, "true or false", value);
        }
        return value.booleanValue();
    }

    JsonNode required(String field) {
        JsonNode value = object.get(field);
        if (value == null || value.isNull()) {
            throw invalid(where + " has no \"" + field + "\"");
        }
        return value;
    }

    /** The elements of an array, which must be there. */
    List<JsonNode> requiredList(String field) {
        JsonNode value = required(field);
        if (!value.isArray()) {
            throw wrong(field, "an array", value);
        }
        List<JsonNode> elements = new java.util.ArrayList<>(value.size());
        value.forEach(elements::add);
        return elements;
    }

    /** An object whose values are strings, numbers or booleans, all as strings; null when absent. Null values are kept. */
    @Nullable
    Map<String, @Nullable String> strings(String field) {
        if (!has(field)) {
            return null;
        }
        JsonNode value = object.get(field);
        if (!value.isObject()) {
            throw wrong(field, "an object of names and strings or numbers", value);
        }
        Map<String, @Nullable String> strings = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : value.properties()) {
            JsonNode element = entry.getValue();
            if (element.isContainerNode()) {
                throw wrong(field + "." + shortened(entry.getKey()), "a string or number", element);
            }
            strings.put(entry.getKey(), element.isNull() ? null : element.asText());
        }
        return strings;
    }

    String text(JsonNode value, String field) {
        if (!value.isTextual()) {
            throw wrong(field, "a string", value);
        }
        return value.textValue();
    }

    private int integer(JsonNode value, String field, int min, int max) {
        return (int) longInteger(value, field, min, max);
    }

    long longInteger(JsonNode value, String field, long min, long max) {
        if (!value.isIntegralNumber()
                || !value.canConvertToLong()
                || value.longValue() < min
                || value.longValue() > max) {
            throw wrong(field, "a whole number from " + min + " to " + max, value);
        }
        return value.longValue();
    }

    ApiException wrong(String field, String expected, JsonNode found) {
        return invalid("\"" + field + "\" in " + where + " must be " + expected + ", not " + shown(found));
    }

    private static String shown(JsonNode node) {
        return switch (node.getNodeType()) {
            case OBJECT -> "an object";
            case ARRAY -> "an array";
            case STRING -> "the string \"" + shortened(node.textValue()) + "\"";
            default -> shortened(node.asText());
        };
    }

    private static String shortened(String text) {
        return text.length() <= SHOWN_CHARS ? text : text.substring(0, SHOWN_CHARS) + "…";
    }

    private static ApiException invalid(String detail) {
        return new ApiException(ErrorCode.INVALID_REQUEST, detail);
    }
}
