package dev.tidemark.client;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A committed offset, or one to commit.
 *
 * @param offset of the next record to read, one more than the last that was worked on; 0 or more
 * @param leaderEpoch of the last record read, where known
 * @param metadata whatever the application wants back with it, at most 4,096 bytes of UTF-8; empty for none
 */
public record OffsetAndMetadata(long offset, @Nullable Integer leaderEpoch, String metadata) {
    public OffsetAndMetadata {
        if (offset < 0) {
            throw new IllegalArgumentException("offset must be 0 or more, not " + offset);
        }
        Objects.requireNonNull(metadata, "metadata");
    }

    public OffsetAndMetadata(long offset) {
        this(offset, null, "");
    }
}
