package dev.tidemark.server.group.offset;

import dev.tidemark.protocol.ErrorCode;
import org.jspecify.annotations.Nullable;

/** Errors as SQL functions name them. */
final class Refusals {
    private Refusals() {}

    /** By its code, of Kafka's errors; null for what is none of those. */
    static @Nullable ErrorCode bySqlState(String state) {
        return state.matches("TM\\d{3}")
                ? ErrorCode.byCode(Integer.parseInt(state.substring(2))).orElse(null)
                : null;
    }
}
