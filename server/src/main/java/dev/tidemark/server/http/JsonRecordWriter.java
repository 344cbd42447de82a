package dev.tidemark.server.http;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.io.SerializedString;
import dev.tidemark.protocol.Header;
import dev.tidemark.protocol.HeaderCodec;
import dev.tidemark.protocol.RecordLayout;
import dev.tidemark.server.json.Utf8Text;
import dev.tidemark.server.topic.DataType;
import dev.tidemark.server.topic.TopicConfig;
import java.io.IOException;
import java.util.List;

/** Writes records as JSON objects, keys and values as the topic's types say. For one answer. */
final class JsonRecordWriter {
    private static final SerializableString PARTITION = new SerializedString("partition");
    private static final SerializableString OFFSET = new SerializedString("offset");
    private static final SerializableString TIMESTAMP = new SerializedString("timestamp");
    private static final SerializableString HEADERS = new SerializedString("headers");
    private static final SerializableString NAME = new SerializedString("name");
    private static final SerializableString KEY = new SerializedString("key");
    private static final SerializableString KEY_BASE64 = new SerializedString("key_base64");
    private static final SerializableString VALUE = new SerializedString("value");
    private static final SerializableString VALUE_BASE64 = new SerializedString("value_base64");

    private final JsonGenerator out;
    private final TopicConfig config;
    private final boolean decodeText;
    private final byte[] timestamp = new byte[24];

    /** @param decodeText whether bytes that are UTF-8 are written as text */
    JsonRecordWriter(JsonGenerator out, TopicConfig config, boolean decodeText) {
        this.out = out;
        this.config = config;
        this.decodeText = decodeText;
    }

    /** Writes the record that lies there. */
    void write(byte[] bytes, int at) throws IOException {
        out.writeStartObject();
        out.writeFieldName(PARTITION);
        out.writeNumber(RecordLayout.partition(bytes, at));
        out.writeFieldName(OFFSET);
        out.writeNumber(RecordLayout.offset(bytes, at));
        out.writeFieldName(TIMESTAMP);
        Timestamps.write(RecordLayout.timestampMs(bytes, at), timestamp);
        out.writeRawUTF8String(timestamp, 0, timestamp.length);
        int keyAt = at + RecordLayout.KEY_LENGTH_AT;
        int valueAt = RecordLayout.skip(bytes, keyAt);
        int headersAt = RecordLayout.skip(bytes, valueAt);
        writePart(bytes, keyAt, config.keyType(), KEY, KEY_BASE64);
        writePart(bytes, valueAt, config.valueType(), VALUE, VALUE_BASE64);
        if (!RecordLayout.isNull(bytes, headersAt)) {
            writeHeaders(HeaderCodec.decode(bytes, headersAt + 4, RecordLayout.getInt(bytes, headersAt)));
        }
        out.writeEndObject();
    }

    private void writePart(
            byte[] bytes, int lengthAt, DataType type, SerializableString name, SerializableString base64)
            throws IOException {
        int length = RecordLayout.getInt(bytes, lengthAt);
        int at = lengthAt + 4;
        if (length < 0) {
            out.writeFieldName(name);
            out.writeNull();
        } else if (type == DataType.JSON && !isJsonNull(bytes, at, length)) {
            out.writeFieldName(name);
            out.writeRawValue(new RawJson(bytes, at, length));
        } else if (type == DataType.TEXT
                || (type == DataType.BYTES && decodeText && Utf8Text.isUtf8(bytes, at, length))) {
            out.writeFieldName(name);
            out.writeUTF8String(bytes, at, length);
        } else {
            out.writeFieldName(base64);
            out.writeBinary(bytes, at, length);
        }
    }

    /** JSON's null is a value and no tombstone; written as {@code null} it could not be told from one, so it goes out as base64. */
    private static boolean isJsonNull(byte[] bytes, int at, int length) {
        for (int i = at; i < at + length; i++) {
            byte b = bytes[i];
            if (b == 'n') {
                return true;
            }
            if (b > ' ') {
                return false;
            }
        }
        return false;
    }

    private void writeHeaders(List<Header> headers) throws IOException {
        out.writeFieldName(HEADERS);
        out.writeStartArray();
        for (Header header : headers) {
            out.writeStartObject();
            out.writeFieldName(NAME);
            out.writeString(header.name());
            byte[] value = header.value();
            if (value == null) {
                out.writeFieldName(VALUE);
                out.writeNull();
            } else if (Utf8Text.isUtf8(value, 0, value.length)) {
                out.writeFieldName(VALUE);
                out.writeUTF8String(value, 0, value.length);
            } else {
                out.writeFieldName(VALUE_BASE64);
                out.writeBinary(value);
            }
            out.writeEndObject();
        }
        out.writeEndArray();
    }
}
