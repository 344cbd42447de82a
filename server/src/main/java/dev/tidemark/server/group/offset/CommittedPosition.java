package dev.tidemark.server.group.offset;

import org.jspecify.annotations.Nullable;

/** The offset that counts in one partition. @param committedAtMs since 1970 */
public record CommittedPosition(
        String topic,
        int partition,
        long committedOffset,
        @Nullable Integer leaderEpoch,
        @Nullable String metadata,
        long committedAtMs) {}
