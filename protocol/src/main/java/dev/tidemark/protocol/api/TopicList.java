package dev.tidemark.protocol.api;

import java.util.List;

/** Answer of {@code GET /v1/topics}. */
public record TopicList(List<TopicSummary> topics) {}
