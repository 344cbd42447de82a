package dev.tidemark.client;

import java.time.Instant;

/** Which offset of a partition is asked for. */
public sealed interface OffsetSpec {
    /** The log start offset. */
    record Earliest() implements OffsetSpec {}

    /** The log end offset: the one the next record will get. */
    record Latest() implements OffsetSpec {}

    /** The first record whose timestamp is at or after the time; the log end offset when there is none. */
    record AtTime(Instant time) implements OffsetSpec {}

    static OffsetSpec earliest() {
        return new Earliest();
    }

    static OffsetSpec latest() {
        return new Latest();
    }

    static OffsetSpec atTime(Instant time) {
        return new AtTime(time);
    }
}
