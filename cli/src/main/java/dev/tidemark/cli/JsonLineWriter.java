package dev.tidemark.cli;

import dev.tidemark.protocol.Header;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes a record as one line of JSON with the fields of the HTTP fetch answer. The topic's types decide: text is a string, a JSON value stands there byte for
 * byte, bytes are {@code key_base64} and {@code value_base64}.
 *
 * <p>JSON's {@code null} is a value and no tombstone, so it goes under {@code value_base64}, as in the HTTP answer. A JSON value whose bytes cannot stand in a
 * line as they are (a newline between tokens, blanks around it) is written under {@code value} as near as can be and under {@code value_base64} exactly.
 */
final class JsonLineWriter {
    private final FieldType keyType;
    private final FieldType valueType;
    private final Output out;

    JsonLineWriter(FieldType keyType, FieldType valueType, Output out) {
        this.keyType = keyType;
        this.valueType = valueType;
        this.out = out;
    }

    void write(
            int partition,
            long offset,
            long timestampMs,
            byte @Nullable [] key,
            byte @Nullable [] value,
            List<Header> headers) {
        out.write("{\"partition\":" + partition + ",\"offset\":" + offset + ",\"timestamp\":" + timestamp(timestampMs));
        writeField("key", keyType, key);
        writeField("value", valueType, value);
        writeHeaders(headers);
        out.write("}\n");
    }

    private static String timestamp(long epochMs) {
        return Timestamps.hasRfc3339(epochMs) ? '"' + Timestamps.format(epochMs) + '"' : Long.toString(epochMs);
    }

    private void writeField(String name, FieldType type, byte @Nullable [] bytes) {
        if (bytes == null) {
            writeName(name);
            out.write("null");
        } else if (type == FieldType.BYTES || (type == FieldType.TEXT && Utf8.decode(bytes) == null)) {
            writeBase64(name, bytes);
        } else if (type == FieldType.TEXT) {
            writeName(name);
            JsonStrings.write(bytes, out);
        } else {
            writeJson(name, bytes);
        }
    }

    private void writeName(String name) {
        out.write(",\"" + name + "\":");
    }

    private void writeBase64(String name, byte[] bytes) {
        writeName(name + "_base64");
        out.write('"');
        out.write(Base64.getEncoder().encode(bytes));
        out.write('"');
    }

    private void writeJson(String name, byte[] json) {
        if (isNull(json)) {
            writeBase64(name, json);
            return;
        }
        writeName(name);
        if (fitsIntoLine(json)) {
            out.write(json);
            return;
        }
        for (byte b : json) {
            // In JSON these can only stand between tokens.
            out.write(b == '\n' || b == '\r' ? ' ' : b);
        }
        writeBase64(name, json);
    }

    /** Of all JSON values only null begins so. */
    private static boolean isNull(byte[] json) {
        int first = 0;
        while (first < json.length && isBlank(json[first])) {
            first++;
        }
        return first < json.length && json[first] == 'n';
    }

    private static boolean fitsIntoLine(byte[] json) {
        if (json.length == 0 || isBlank(json[0]) || isBlank(json[json.length - 1])) {
            return false;
        }
        for (byte b : json) {
            if (b == '\n' || b == '\r') {
                return false;
            }
        }
        return true;
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || b == '\t' || b == '\n' || b == '\r';
    }

    private void writeHeaders(List<Header> headers) {
        if (headers.isEmpty()) {
            return;
        }
        writeName("headers");
        String separator = "[";
        for (Header header : headers) {
            out.write(separator + "{\"name\":");
            JsonStrings.write(header.name(), out);
            byte[] value = header.value();
            writeField("value", value == null || Utf8.decode(value) != null ? FieldType.TEXT : FieldType.BYTES, value);
            out.write('}');
            separator = ",";
        }
        out.write(']');
    }
}
