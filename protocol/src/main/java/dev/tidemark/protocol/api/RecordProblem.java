package dev.tidemark.protocol.api;

/** A record at fault as a problem document names it. */
public record RecordProblem(int index, String error, String detail) {}
