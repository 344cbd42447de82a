package dev.tidemark.protocol.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Body of {@code POST /v1/fetch}.
 *
 * @param maxBytes over all partitions; null: 1 MiB. The first record always fits.
 * @param maxWaitMs how long to wait at the log end; null: 0; at most 30,000
 */
public record FetchBody(
        List<PartitionOffset> partitions,
        @Nullable Integer maxBytes,
        @Nullable Integer maxWaitMs) {}
