package dev.tidemark.protocol.api;

import org.jspecify.annotations.Nullable;

/** The offset that counts in one partition. @param committedAt RFC 3339 */
public record CommittedOffset(
        String topic,
        int partition,
        long committedOffset,
        @Nullable Integer leaderEpoch,
        @Nullable String metadata,
        String committedAt) {}
