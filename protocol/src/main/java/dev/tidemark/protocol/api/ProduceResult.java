package dev.tidemark.protocol.api;

import java.util.List;

/** Answer of a binary produce request. */
public record ProduceResult(List<BatchResult> batches) {}
