package dev.tidemark.integration.door;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.util.RawValue;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.Header;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Records in the JSON form. Read with a parser and not as a tree: a tree would spell numbers anew. */
final class JsonRecords {
    private JsonRecords() {}

    static Map<String, Object> write(Message message, boolean jsonValue) {
        Map<String, Object> record = new LinkedHashMap<>();
        if (message.partition() != null) {
            record.put("partition", message.partition());
        }
        if (message.timestampMs() != null) {
            record.put("timestamp", message.timestampMs());
        }
        writePart(record, "key", message.content().key());
        byte[] value = message.content().value();
        if (jsonValue && value != null && text(value) != null && isJson(value)) {
            record.put("value", new RawValue(new String(value, StandardCharsets.UTF_8)));
        } else if (jsonValue && value != null) {
            record.put("value_base64", Base64.getEncoder().encodeToString(value));
        } else {
            writePart(record, "value", value);
        }
        if (!message.content().headers().isEmpty()) {
            record.put(
                    "headers",
                    message.content().headers().stream().map(JsonRecords::write).toList());
        }
        return record;
    }

    private static Map<String, Object> write(Header header) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("name", header.name());
        writePart(fields, "value", header.value());
        return fields;
    }

    private static void writePart(Map<String, Object> fields, String name, byte @Nullable [] bytes) {
        if (bytes == null) {
            fields.put(name, null);
            return;
        }
        String text = text(bytes);
        if (text == null) {
            fields.put(name + "_base64", Base64.getEncoder().encodeToString(bytes));
        } else {
            fields.put(name, text);
        }
    }

    private static @Nullable String text(byte[] bytes) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }

    private static boolean isJson(byte[] bytes) {
        try {
            JsonNode node = HttpApi.JSON.readTree(bytes);
            return !node.isNull() && !node.isMissingNode();
        } catch (IOException e) {
            return false;
        }
    }

    /** @param jsonValue whether the topic's values are JSON, which a JSON string then is too */
    static Fetched readOne(byte[] answer, boolean jsonValue) {
        return read(answer, parser -> fetched(parser, answer, jsonValue));
    }

    /** @param jsonValues by section */
    static List<Fetched> readSeveral(byte[] answer, List<Boolean> jsonValues) {
        return read(answer, parser -> {
            List<Fetched> all = new ArrayList<>();
            require(parser.nextToken() == JsonToken.FIELD_NAME);
            require(parser.currentName().equals("partitions") && parser.nextToken() == JsonToken.START_ARRAY);
            while (parser.nextToken() == JsonToken.START_OBJECT) {
                all.add(fetched(parser, answer, jsonValues.get(all.size())));
            }
            return all;
        });
    }

    private interface Reading<T> {
        /** From the start of the object on to its end. */
        T read(JsonParser parser) throws IOException;
    }

    private static <T> T read(byte[] answer, Reading<T> reading) {
        try (JsonParser parser = HttpApi.JSON.getFactory().createParser(answer)) {
            require(parser.nextToken() == JsonToken.START_OBJECT);
            return reading.read(parser);
        } catch (IOException e) {
            throw new UncheckedIOException(new String(answer, StandardCharsets.UTF_8), e);
        }
    }

    private static void require(boolean expected) throws IOException {
        if (!expected) {
            throw new IOException("a fetch answer of another shape");
        }
    }

    private static Fetched fetched(JsonParser parser, byte[] answer, boolean jsonValue) throws IOException {
        List<Stored> records = new ArrayList<>();
        Map<String, Long> numbers = new LinkedHashMap<>();
        Map<String, String> texts = new LinkedHashMap<>();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            JsonToken token = parser.nextToken();
            if (name.equals("records")) {
                while (parser.nextToken() == JsonToken.START_OBJECT) {
                    records.add(stored(parser, answer, jsonValue));
                }
            } else if (token.isNumeric()) {
                numbers.put(name, parser.getLongValue());
            } else {
                texts.put(name, parser.getText());
            }
        }
        if (texts.containsKey("error")) {
            throw new Refused(ErrorCode.valueOf(texts.get("error")), texts.get("detail"));
        }
        return new Fetched(
                records,
                numbers.get("log_start_offset"),
                numbers.get("high_watermark"),
                numbers.get("last_stable_offset"),
                numbers.get("leader_epoch").intValue(),
                numbers.get("next_offset"));
    }

    private static Stored stored(JsonParser parser, byte[] answer, boolean jsonValue) throws IOException {
        int partition = -1;
        long offset = -1;
        long timestampMs = -1;
        byte[] key = null;
        byte[] value = null;
        List<Header> headers = List.of();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            JsonToken token = parser.nextToken();
            switch (name) {
                case "partition" -> partition = parser.getIntValue();
                case "offset" -> offset = parser.getLongValue();
                case "timestamp" ->
                    timestampMs = Instant.parse(parser.getText()).toEpochMilli();
                case "key" -> key = string(parser, token);
                case "key_base64" -> key = parser.getBinaryValue();
                case "value" -> value = jsonValue ? json(parser, token, answer) : string(parser, token);
                case "value_base64" -> value = parser.getBinaryValue();
                case "headers" -> headers = headers(parser);
                default -> throw new IOException("a record has the unknown field " + name);
            }
        }
        return new Stored(partition, offset, timestampMs, new Content(key, value, headers));
    }

    private static List<Header> headers(JsonParser parser) throws IOException {
        List<Header> headers = new ArrayList<>();
        while (parser.nextToken() == JsonToken.START_OBJECT) {
            String headerName = "";
            byte[] value = null;
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                JsonToken token = parser.nextToken();
                switch (name) {
                    case "name" -> headerName = parser.getText();
                    case "value" -> value = string(parser, token);
                    case "value_base64" -> value = parser.getBinaryValue();
                    default -> throw new IOException("a header has the unknown field " + name);
                }
            }
            headers.add(new Header(headerName, value));
        }
        return headers;
    }

    private static byte @Nullable [] string(JsonParser parser, JsonToken token) throws IOException {
        if (token == JsonToken.VALUE_NULL) {
            return null;
        }
        require(token == JsonToken.VALUE_STRING);
        return parser.getText().getBytes(StandardCharsets.UTF_8);
    }

    /** The value's own bytes; an explicit null is a tombstone. */
    private static byte @Nullable [] json(JsonParser parser, JsonToken token, byte[] answer) throws IOException {
        if (token == JsonToken.VALUE_NULL) {
            return null;
        }
        int start = (int) parser.currentTokenLocation().getByteOffset();
        parser.skipChildren();
        // A string or number is scanned to its end only when it is asked for.
        parser.finishToken();
        int end = (int) parser.currentLocation().getByteOffset();
        return Arrays.copyOfRange(answer, start, end);
    }
}
