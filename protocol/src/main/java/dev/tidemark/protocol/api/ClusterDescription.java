package dev.tidemark.protocol.api;

import java.util.List;

/** Answer of {@code GET /v1/cluster}. */
public record ClusterDescription(String clusterId, String version, List<ServerDescription> servers) {}
