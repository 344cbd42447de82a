package dev.tidemark.client;

/** When the server acknowledges a record. */
public enum Acks {
    /** Once it is committed as durably as the database is configured to: the default, and the only one that survives every crash. */
    ALL("all"),
    /** Once it is durable on the primary, without waiting for standbys. */
    LEADER("1"),
    /** At once and without an offset; records may be lost. Only topics with {@code unsafe.acks=true} take it. */
    NONE("0");

    private final String wireName;

    Acks(String wireName) {
        this.wireName = wireName;
    }

    String wireName() {
        return wireName;
    }
}
