package dev.tidemark.server.http;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.RecordError;
import java.util.List;

/** How records at fault are told as one error. */
final class RecordErrors {
    private RecordErrors() {}

    /**
     * The error all of them have, or INVALID_RECORD when they differ, with the first of them in words.
     *
     * @param named at least one, by their index in the request
     * @param count how many are at fault, named or not
     */
    static ApiException exception(List<RecordError> named, int count) {
        RecordError first = named.get(0);
        boolean same = named.stream().allMatch(e -> e.error() == first.error());
        String of = count == 1 ? "record " : count + " records are at fault; record ";
        return new ApiException(
                same ? first.error() : ErrorCode.INVALID_RECORD, of + first.index() + ": " + first.detail(), named);
    }
}
