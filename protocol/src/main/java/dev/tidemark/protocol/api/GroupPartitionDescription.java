package dev.tidemark.protocol.api;

import org.jspecify.annotations.Nullable;

/**
 * A partition as a group sees it.
 *
 * @param lag records from the committed offset to the log end
 * @param lagMs how long ago the first record not committed was appended; 0 when there is none
 * @param memberId its owner, who may have left and still hold it up with an open database transaction
 * @param committedAt RFC 3339
 */
public record GroupPartitionDescription(
        String topic,
        int partition,
        @Nullable Long committedOffset,
        long logStartOffset,
        long logEndOffset,
        @Nullable Long lag,
        @Nullable Long lagMs,
        @Nullable String memberId,
        @Nullable String metadata,
        @Nullable String committedAt) {}
