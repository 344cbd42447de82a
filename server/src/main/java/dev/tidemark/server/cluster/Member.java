package dev.tidemark.server.cluster;

import java.time.Instant;
import java.util.UUID;

/**
 * This server, as it shows itself to others.
 *
 * @param id another one for each start
 * @param address where its HTTP is reached
 */
public record Member(UUID id, String address, String version, Instant startedAt) {}
