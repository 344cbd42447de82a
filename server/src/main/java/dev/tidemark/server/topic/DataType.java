package dev.tidemark.server.topic;

import java.util.Locale;

/** What a topic's keys or values are: the type of their column, and what is checked before they are queued. */
public enum DataType {
    BYTES,
    /** UTF-8 without NUL, which PostgreSQL's text cannot hold. */
    TEXT,
    /** JSON text, kept byte for byte; values only. */
    JSON;

    /** The type of that name in {@code key.type} and {@code value.type}. */
    static DataType of(String configName) {
        return valueOf(configName.toUpperCase(Locale.ROOT));
    }

    /** The name in {@code key.type} and {@code value.type}. */
    public String configName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
