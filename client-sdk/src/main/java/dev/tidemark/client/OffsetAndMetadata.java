package dev.tidemark.client;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A position to commit, or committed.
 *
 * @param offset of the next record to read
 * @param leaderEpoch of the last record read; null where it is not known
 * @param metadata whatever is to be kept with it; empty for nothing
 */
public record OffsetAndMetadata(long offset, @Nullable Integer leaderEpoch, String metadata) {
    public OffsetAndMetadata {
        Objects.requireNonNull(metadata, "metadata");
        if (offset < 0) {
            throw new IllegalArgumentException("offset must be 0 or more, not " + offset);
        }
    }

    public OffsetAndMetadata(long offset) {
        this(offset, null, "");
    }
}
