package dev.tidemark.server.cluster;

import java.time.Instant;
import java.util.UUID;

/**
 * A server as the database shows it.
 *
 * @param address where its HTTP is reached
 * @param listens whether it hears what others tell
 */
record LiveServer(UUID id, String address, String version, Instant startedAt, boolean listens) {}
