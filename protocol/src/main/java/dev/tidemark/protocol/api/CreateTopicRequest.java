package dev.tidemark.protocol.api;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Body of {@code POST /v1/topics}; a null partition count means the default of 1. */
public record CreateTopicRequest(
        String name,
        @Nullable Integer partitionCount,
        @Nullable Map<String, String> configs) {}
