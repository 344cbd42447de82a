package dev.tidemark.protocol.api;

import org.jspecify.annotations.Nullable;

/** Answer of {@code GET /v1/topics/{topic}/partitions/{p}/offsets}.
 *
 * @param offset the first record at or after the time, null past the end
 * @param timestamp RFC 3339, of that record; null for earliest, latest and past the end
 */
public record OffsetAnswer(@Nullable Long offset, @Nullable String timestamp, int leaderEpoch, long logEndOffset) {}
