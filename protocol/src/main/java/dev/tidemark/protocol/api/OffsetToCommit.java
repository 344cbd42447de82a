package dev.tidemark.protocol.api;

import org.jspecify.annotations.Nullable;

/**
 * An offset to commit.
 *
 * @param committedOffset of the next record to read
 * @param leaderEpoch of the last record read, where known
 * @param metadata whatever the application wants back with it, at most 4,096 bytes of UTF-8
 */
public record OffsetToCommit(
        String topic,
        int partition,
        long committedOffset,
        @Nullable Integer leaderEpoch,
        @Nullable String metadata) {}
