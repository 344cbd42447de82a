package dev.tidemark.protocol;

/**
 * One record at fault.
 *
 * @param index the record's place in its request (JSON) or its batch (binary), from 0
 */
public record RecordError(int index, ErrorCode error, String detail) {}
