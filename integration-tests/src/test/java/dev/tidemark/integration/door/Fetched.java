package dev.tidemark.integration.door;

import java.util.List;

/** One partition's part of a fetch answer. */
public record Fetched(
        List<Stored> records,
        long logStartOffset,
        long highWatermark,
        long lastStableOffset,
        int leaderEpoch,
        long nextOffset) {}
