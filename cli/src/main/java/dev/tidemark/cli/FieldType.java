package dev.tidemark.cli;

import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a topic's keys or values are, as its configs {@code key.type} and {@code value.type} say. */
enum FieldType {
    BYTES,
    TEXT,
    JSON;

    static FieldType ofKeys(Map<String, String> configs) {
        return of(configs.get("key.type"));
    }

    static FieldType ofValues(Map<String, String> configs) {
        return of(configs.get("value.type"));
    }

    /** A type this build does not know is shown as bytes, which is always right. */
    private static FieldType of(@Nullable String config) {
        for (FieldType type : values()) {
            if (type.name().toLowerCase(Locale.ROOT).equals(config)) {
                return type;
            }
        }
        return BYTES;
    }
}
