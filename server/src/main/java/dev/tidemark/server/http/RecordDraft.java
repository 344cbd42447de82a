package dev.tidemark.server.http;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.json.JsonText;
import org.jspecify.annotations.Nullable;

/** One record of a JSON produce request while it is read; used again for the next. */
final class RecordDraft {
    final Part key = new Part();
    final Part value = new Part();
    byte @Nullable [] headers;
    int partition;
    long timestampMs;

    @Nullable
    ErrorCode error;

    String detail = "";

    private int fieldsSeen;

    void clear(long nowMs) {
        key.setNull();
        value.setNull();
        headers = null;
        partition = -1;
        timestampMs = nowMs;
        error = null;
        detail = "";
        fieldsSeen = 0;
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
        private boolean isJson;

        void setNull() {
            bytes = NOTHING;
            at = 0;
            length = 0;
            isNull = true;
            isJson = false;
        }

        void set(byte[] from, int start, int count) {
            bytes = from;
            at = start;
            length = count;
            isNull = false;
            isJson = false;
        }

        /** The JSON value that lies there, written without the whitespace between its tokens. */
        void setJson(byte[] from, int start, int count) {
            set(from, start, count);
            isJson = true;
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

        /** Replaces JSON with its compact text, so that {@link #bytes} are what will be written. */
        void settle() {
            if (isJson) {
                byte[] compact = new byte[length];
                set(compact, 0, JsonText.compact(bytes, at, length, compact, 0));
            }
        }

        /** Writes the bytes; there must be room for {@link #length}. @return how many were written */
        int writeTo(byte[] to, int toAt) {
            if (isJson) {
                return JsonText.compact(bytes, at, length, to, toAt);
            }
            System.arraycopy(bytes, at, to, toAt, length);
            return length;
        }
    }
}
