package dev.tidemark.server.topic;

import java.util.Locale;

/** What a topic's keys or values are: the type of their column, and what is checked before they are queued. */
public enum DataType {
    BYTES("bytea"),
    /** UTF-8 without NUL, which PostgreSQL's text cannot hold. */
    TEXT("text"),
    /** JSON text, kept byte for byte; values only. */
    JSON("json");

    private final String columnType;

    DataType(String columnType) {
        this.columnType = columnType;
    }

    public String columnType() {
        return columnType;
    }

    /** The name in {@code key.type} and {@code value.type}. */
    public String configName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
