package dev.tidemark.server.http;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.Header;
import dev.tidemark.protocol.HeaderCodec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads a record's headers in JSON, an object of strings or a list of names and values, and notes in the record's draft what is wrong with them. */
final class JsonHeaders {
    /** What a header takes beside its name and value: objects, and the quotes and brackets it is written in. */
    private static final int HEADER_BYTES = 120;

    private static final long ENCODED_TIMES = 6;

    private JsonHeaders() {}

    /** Reads the headers the parser stands at, to their end. */
    static void read(JsonParser parser, byte[] body, RecordDraft draft) throws IOException {
        List<Header> headers = new ArrayList<>();
        switch (parser.currentToken()) {
            case VALUE_NULL -> {}
            case START_OBJECT -> readHeaderObject(parser, body, draft, headers);
            case START_ARRAY -> readHeaderList(parser, body, draft, headers);
            default ->
                draft.fail(
                        ErrorCode.INVALID_RECORD,
                        "\"headers\" must be an object of strings or a list of {\"name\", \"value\"}, not "
                                + JsonRecordFields.shown(parser));
        }
        if (draft.error == null && !headers.isEmpty()) {
            draft.take(encodedBytes(headers));
            try {
                draft.headers = HeaderCodec.encode(headers);
            } catch (IllegalArgumentException e) {
                draft.fail(ErrorCode.INVALID_RECORD, String.valueOf(e.getMessage()));
            }
        }
    }

    private static void readHeaderObject(JsonParser parser, byte[] body, RecordDraft draft, List<Header> headers)
            throws IOException {
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            parser.nextToken();
            add(new Header(name, headerText(parser, body, draft, name)), draft, headers);
            parser.skipChildren();
        }
    }

    private static void add(Header header, RecordDraft draft, List<Header> headers) {
        draft.take(HEADER_BYTES + 2L * header.name().length());
        headers.add(header);
    }

    /** What the codec takes at most to write them: characters, then a string, then bytes, and an escape for each byte that needs one. */
    private static long encodedBytes(List<Header> headers) {
        long bytes = 0;
        for (Header header : headers) {
            byte[] value = header.value();
            bytes += HEADER_BYTES + ENCODED_TIMES * (header.name().length() + (value == null ? 0L : value.length));
        }
        return bytes;
    }

    private static byte @Nullable [] headerText(JsonParser parser, byte[] body, RecordDraft draft, String name)
            throws IOException {
        if (parser.currentToken() == JsonToken.VALUE_NULL) {
            return null;
        }
        if (parser.currentToken() != JsonToken.VALUE_STRING) {
            draft.fail(
                    ErrorCode.INVALID_RECORD,
                    "header \"" + JsonRecordFields.shortened(name) + "\" must be a string or null, not "
                            + JsonRecordFields.shown(parser));
            return null;
        }
        byte[] text = JsonRecordFields.text(parser, body, draft);
        if (text == null) {
            draft.fail(
                    ErrorCode.INVALID_RECORD,
                    "header \"" + JsonRecordFields.shortened(name)
                            + "\" has half of a surrogate pair, which is no text");
        }
        return text;
    }

    private static void readHeaderList(JsonParser parser, byte[] body, RecordDraft draft, List<Header> headers)
            throws IOException {
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (parser.currentToken() == JsonToken.START_OBJECT) {
                readHeader(parser, body, draft, headers);
            } else {
                draft.fail(
                        ErrorCode.INVALID_RECORD,
                        "header " + headers.size() + " must be an object with \"name\" and \"value\", not "
                                + JsonRecordFields.shown(parser));
                parser.skipChildren();
            }
        }
    }

    private static void readHeader(JsonParser parser, byte[] body, RecordDraft draft, List<Header> headers)
            throws IOException {
        String which = "header " + headers.size();
        String name = null;
        byte[] value = null;
        boolean hasValue = false;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String field = parser.currentName();
            parser.nextToken();
            switch (field) {
                case "name" -> {
                    if (name != null || parser.currentToken() != JsonToken.VALUE_STRING) {
                        draft.fail(ErrorCode.INVALID_RECORD, which + " must have one \"name\", a string");
                    }
                    name = parser.getText();
                }
                case "value", "value_base64" -> {
                    if (hasValue) {
                        draft.fail(ErrorCode.INVALID_RECORD, which + " has more than one value");
                    }
                    hasValue = true;
                    value = parser.currentToken() == JsonToken.VALUE_NULL
                            ? null
                            : field.equals("value")
                                    ? headerText(parser, body, draft, which)
                                    : JsonRecordFields.base64(parser, body, draft, field);
                }
                default ->
                    draft.fail(
                            ErrorCode.INVALID_RECORD,
                            which + " has an unknown field \"" + JsonRecordFields.shortened(field)
                                    + "\"; known are name, value, value_base64");
            }
            parser.skipChildren();
        }
        if (name == null) {
            draft.fail(ErrorCode.INVALID_RECORD, which + " has no \"name\"");
        } else {
            add(new Header(name, value), draft, headers);
        }
    }
}
