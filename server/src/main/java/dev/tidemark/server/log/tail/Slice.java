package dev.tidemark.server.log.tail;

/** Bytes of an array that is not copied; shared, never to be written to. */
public record Slice(byte[] bytes, int at, int length) {}
