package dev.tidemark.server.http;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.json.JsonString;
import dev.tidemark.server.json.JsonText;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** One record of a JSON produce request while it is read; used again for the next. */
final class RecordDraft {
    /** What a record may take without being counted. */
    private static final int SMALL_BYTES = 4 * 1024;

    final Part key = new Part();
    final Part value = new Part();
    byte @Nullable [] headers;
    int partition;
    long timestampMs;

    @Nullable
    ErrorCode error;

    String detail = "";

    private final LongConsumer memory;
    private int fieldsSeen;
    private long takenBytes;
    private long chargedBytes = SMALL_BYTES;

    /** @param memory told how many bytes are about to be taken for a record while it is read; throws when there are not as many */
    RecordDraft(LongConsumer memory) {
        this.memory = memory;
    }

    void clear(long nowMs) {
        key.setNull();
        value.setNull();
        headers = null;
        partition = -1;
        timestampMs = nowMs;
        error = null;
        detail = "";
        fieldsSeen = 0;
        takenBytes = 0;
    }

    /** Says that so many bytes are about to be taken beside the body and its batches, until the next record is begun: one record's make room for the next one's. */
    void take(long bytes) {
        takenBytes += bytes;
        if (takenBytes > chargedBytes) {
            memory.accept(takenBytes - chargedBytes);
            chargedBytes = takenBytes;
        }
    }

    /** Makes the key's bytes those that will be written. */
    void settleKey() {
        if (key.form != Part.Form.BYTES) {
            take(key.length());
            key.settle();
        }
    }

    boolean hasPartition() {
        return partition >= 0;
    }

    /** Whether the field comes for the first time in this record. */
    boolean isFirst(Field field) {
        int bit = 1 << field.ordinal();
        boolean first = (fieldsSeen & bit) == 0;
        fieldsSeen |= bit;
        return first;
    }

    /** Notes what is wrong; the first fault of a record is the one that is told. */
    void fail(ErrorCode code, String what) {
        if (error == null) {
            error = code;
            detail = what;
        }
    }

    /** What may be said once in a record; a key or value said in both ways is said twice. */
    enum Field {
        KEY,
        VALUE,
        HEADERS,
        PARTITION,
        TIMESTAMP
    }

    /** A key or value: null, or bytes somewhere that are not copied before the record is complete. */
    static final class Part {
        private static final byte[] NOTHING = {};

        private byte[] bytes = NOTHING;
        private int at;
        private int length;
        private boolean isNull;
        private Form form = Form.BYTES;

        /** What lies there: the bytes themselves, JSON to be written without the whitespace between its tokens, or a JSON string's inside. */
        private enum Form {
            BYTES,
            JSON,
            ESCAPED
        }

        void setNull() {
            bytes = NOTHING;
            at = 0;
            length = 0;
            isNull = true;
            form = Form.BYTES;
        }

        void set(byte[] from, int start, int count) {
            bytes = from;
            at = start;
            length = count;
            isNull = false;
            form = Form.BYTES;
        }

        /** The JSON value that lies there, written without the whitespace between its tokens. */
        void setJson(byte[] from, int start, int count) {
            set(from, start, count);
            form = Form.JSON;
        }

        /** The inside of a JSON string that has escapes, written as the text it means. */
        void setEscaped(byte[] from, int start, int count) {
            set(from, start, count);
            form = Form.ESCAPED;
        }

        boolean isNull() {
            return isNull;
        }

        byte[] bytes() {
            return bytes;
        }

        int at() {
            return at;
        }

        /** How many bytes {@link #writeTo} writes at most. */
        int length() {
            return length;
        }

        private void settle() {
            byte[] settled = new byte[length];
            set(settled, 0, writeTo(settled, 0));
        }

        /** Writes the bytes; there must be room for {@link #length}. @return how many were written */
        int writeTo(byte[] to, int toAt) {
            switch (form) {
                case JSON -> {
                    return JsonText.compact(bytes, at, length, to, toAt);
                }
                case ESCAPED -> {
                    return JsonString.decode(bytes, at, at + length, to, toAt);
                }
                case BYTES -> System.arraycopy(bytes, at, to, toAt, length);
            }
            return length;
        }
    }
}
