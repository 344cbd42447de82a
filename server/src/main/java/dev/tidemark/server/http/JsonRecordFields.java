package dev.tidemark.server.http;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.http.RecordDraft.Field;
import dev.tidemark.server.json.JsonString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Reads the fields of one record in JSON. What is wrong with the record is noted in its draft and reading goes on after it; only what is no JSON at all throws.
 *
 * <p>Values are taken from the body by the positions of their tokens, because their bytes are to be kept, not what Jackson makes of them: that would be characters and
 * strings several times as large as the body, counted by nobody. Jackson only looks past the strings that are read here.
 */
final class JsonRecordFields {
    private static final int SHOWN_CHARS = 60;

    private static final String KNOWN = "key, key_base64, value, value_base64, headers, partition, timestamp";

    private final boolean jsonValues;
    private final @Nullable String readElsewhere;

    /** @param jsonValues whether the topic's values are JSON, so that a string among them stays a JSON string */
    JsonRecordFields(boolean jsonValues) {
        this(jsonValues, null);
    }

    /** @param readElsewhere a further field that is legal, and is passed over here */
    JsonRecordFields(boolean jsonValues, @Nullable String readElsewhere) {
        this.jsonValues = jsonValues;
        this.readElsewhere = readElsewhere;
    }

    /** Reads the record the parser stands at, to its end. */
    void read(JsonParser parser, byte[] body, RecordDraft draft) throws IOException {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            draft.fail(ErrorCode.INVALID_REQUEST, "a record must be an object, not " + shown(parser));
            parser.skipChildren();
            return;
        }
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            readField(parser, body, draft);
        }
    }

    private void readField(JsonParser parser, byte[] body, RecordDraft draft) throws IOException {
        String name = parser.currentName();
        parser.nextToken();
        switch (name) {
            case "key" -> readPart(parser, body, draft, Field.KEY, draft.key, false);
            case "value" -> readPart(parser, body, draft, Field.VALUE, draft.value, jsonValues);
            case "key_base64" -> readBase64(parser, body, draft, Field.KEY, draft.key, name);
            case "value_base64" -> readBase64(parser, body, draft, Field.VALUE, draft.value, name);
            case "headers" -> {
                requireFirst(draft, Field.HEADERS);
                JsonHeaders.read(parser, body, draft);
            }
            case "partition" -> readPartition(parser, draft);
            case "timestamp" -> readTimestamp(parser, draft);
            default -> {
                if (!name.equals(readElsewhere)) {
                    draft.fail(
                            ErrorCode.INVALID_REQUEST,
                            "unknown field \"" + shortened(name) + "\"; known are "
                                    + (readElsewhere == null ? KNOWN : readElsewhere + ", " + KNOWN));
                }
            }
        }
        // Whatever was not read, or not to its end.
        parser.skipChildren();
    }

    private static void readPart(
            JsonParser parser,
            byte[] body,
            RecordDraft draft,
            Field field,
            RecordDraft.Part part,
            boolean stringStaysJson)
            throws IOException {
        requireFirst(draft, field);
        int start = (int) parser.currentTokenLocation().getByteOffset();
        switch (parser.currentToken()) {
            case VALUE_NULL -> part.setNull();
            case VALUE_STRING -> {
                int end = JsonString.end(body, start + 1, body.length);
                if (stringStaysJson) {
                    part.set(body, start, Math.min(end + 1, body.length) - start);
                } else {
                    setText(body, start + 1, end, draft, part);
                }
            }
            default -> {
                parser.skipChildren();
                part.setJson(body, start, (int) parser.currentLocation().getByteOffset() - start);
            }
        }
    }

    /** A string's text: the bytes between its quotes when nothing among them is escaped. */
    private static void setText(byte[] body, int start, int end, RecordDraft draft, RecordDraft.Part part) {
        if (!JsonString.hasEscapes(body, start, end)) {
            part.set(body, start, end - start);
        } else if (JsonString.isText(body, start, end)) {
            part.setEscaped(body, start, end - start);
        } else {
            draft.fail(ErrorCode.INVALID_RECORD, "a string has half of a surrogate pair, which is no text");
        }
    }

    /** The text of the string the parser stands at, in UTF-8; null when it has half of a surrogate pair. */
    static byte @Nullable [] text(JsonParser parser, byte[] body, RecordDraft draft) {
        int start = (int) parser.currentTokenLocation().getByteOffset() + 1;
        int end = JsonString.end(body, start, body.length);
        if (!JsonString.isText(body, start, end)) {
            return null;
        }
        draft.take(end - start);
        if (!JsonString.hasEscapes(body, start, end)) {
            return Arrays.copyOfRange(body, start, end);
        }
        ByteBuffer text = unescaped(body, start, end, draft);
        return Arrays.copyOf(text.array(), text.remaining());
    }

    private static ByteBuffer unescaped(byte[] body, int start, int end, RecordDraft draft) {
        draft.take(end - start);
        byte[] text = new byte[end - start];
        return ByteBuffer.wrap(text, 0, JsonString.decode(body, start, end, text, 0));
    }

    /** Null when the text has a surrogate without its other half. */
    static byte @Nullable [] utf8(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isSurrogate(c)) {
                if (Character.isLowSurrogate(c)
                        || i + 1 == text.length()
                        || !Character.isLowSurrogate(text.charAt(i + 1))) {
                    return null;
                }
                i++;
            }
        }
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void readBase64(
            JsonParser parser, byte[] body, RecordDraft draft, Field field, RecordDraft.Part part, String name)
            throws IOException {
        requireFirst(draft, field);
        if (parser.currentToken() == JsonToken.VALUE_NULL) {
            part.setNull();
            return;
        }
        byte[] bytes = base64(parser, body, draft, name);
        if (bytes != null) {
            part.set(bytes, 0, bytes.length);
        }
    }

    /** Null, and the fault noted, when it is none. */
    static byte @Nullable [] base64(JsonParser parser, byte[] body, RecordDraft draft, String name) throws IOException {
        if (parser.currentToken() != JsonToken.VALUE_STRING) {
            draft.fail(ErrorCode.INVALID_REQUEST, "\"" + name + "\" must be a string of base64, not " + shown(parser));
            return null;
        }
        int start = (int) parser.currentTokenLocation().getByteOffset() + 1;
        int end = JsonString.end(body, start, body.length);
        ByteBuffer base64 = JsonString.hasEscapes(body, start, end)
                ? unescaped(body, start, end, draft)
                : ByteBuffer.wrap(body, start, end - start);
        draft.take(base64.remaining() / 4 * 3L);
        try {
            ByteBuffer bytes = Base64.getDecoder().decode(base64);
            return bytes.remaining() == bytes.array().length
                    ? bytes.array()
                    : Arrays.copyOf(bytes.array(), bytes.remaining());
        } catch (IllegalArgumentException e) {
            draft.fail(ErrorCode.INVALID_RECORD, "\"" + name + "\" is not base64: " + e.getMessage());
            return null;
        }
    }

    private static void requireFirst(RecordDraft draft, Field field) {
        if (!draft.isFirst(field)) {
            String what = field.name().toLowerCase(java.util.Locale.ROOT);
            draft.fail(ErrorCode.INVALID_RECORD, "the " + what + " is given more than once");
        }
    }

    private static void readPartition(JsonParser parser, RecordDraft draft) throws IOException {
        requireFirst(draft, Field.PARTITION);
        if (parser.currentToken() == JsonToken.VALUE_NULL) {
            return;
        }
        Long partition = integer(parser, 0, Integer.MAX_VALUE);
        if (partition == null) {
            draft.fail(ErrorCode.INVALID_REQUEST, "\"partition\" must be a whole number from 0, not " + shown(parser));
        } else {
            draft.partition = partition.intValue();
        }
    }

    private static void readTimestamp(JsonParser parser, RecordDraft draft) throws IOException {
        requireFirst(draft, Field.TIMESTAMP);
        switch (parser.currentToken()) {
            case VALUE_NULL -> {}
            case VALUE_STRING -> {
                OptionalLong ms = Timestamps.parse(parser.getText());
                setTimestamp(draft, ms.isPresent() ? ms.getAsLong() : null, parser);
            }
            default -> setTimestamp(draft, integer(parser, Timestamps.MIN_MS, Timestamps.MAX_MS), parser);
        }
    }

    private static void setTimestamp(RecordDraft draft, @Nullable Long ms, JsonParser parser) throws IOException {
        if (ms == null) {
            draft.fail(
                    ErrorCode.INVALID_TIMESTAMP,
                    "\"timestamp\" must be " + Timestamps.LEGAL + ", not " + shown(parser));
        } else {
            draft.timestampMs = ms;
        }
    }

    /** The whole number the parser stands at, or null when it is none or out of bounds. Long digits are not converted. */
    static @Nullable Long integer(JsonParser parser, long min, long max) throws IOException {
        if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT || parser.getTextLength() > 19) {
            return null;
        }
        try {
            long value = Long.parseLong(parser.getText());
            return value >= min && value <= max ? value : null;
        } catch (NumberFormatException e) {
            return null;
        }
    }

    /** The token the parser stands at, for a message. */
    static String shown(JsonParser parser) throws IOException {
        return switch (parser.currentToken()) {
            case START_OBJECT -> "an object";
            case START_ARRAY -> "an array";
            case VALUE_STRING -> "the string \"" + shortened(parser.getText()) + "\"";
            default -> shortened(parser.getText());
        };
    }

    static String shortened(String text) {
        return text.length() <= SHOWN_CHARS ? text : text.substring(0, SHOWN_CHARS) + "…";
    }
}
