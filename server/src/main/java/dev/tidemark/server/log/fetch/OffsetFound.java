package dev.tidemark.server.log.fetch;

import org.jspecify.annotations.Nullable;

/** The answer to an {@link OffsetQuery}; offset and timestamp are null when no record is at or after the time. */
public record OffsetFound(@Nullable Long offset, @Nullable Long timestampMs, int leaderEpoch, long logEndOffset) {}
