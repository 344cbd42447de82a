package dev.tidemark.protocol.api;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Body of {@code PATCH /v1/topics/{topic}}; a config set to null goes back to its default. */
public record AlterTopicRequest(
        @Nullable Integer partitionCount, @Nullable Map<String, @Nullable String> configs) {}
