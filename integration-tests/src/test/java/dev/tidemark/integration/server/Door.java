package dev.tidemark.integration.server;

/** The ways into a server. */
public enum Door {
    /** The Java SDK, which speaks the binary form. */
    SDK,
    /** The binary form, request by request. */
    BINARY,
    /** JSON. */
    JSON
}
