package dev.tidemark.server.log.epoch;

import java.util.UUID;

/**
 * A leader epoch, and the run of PostgreSQL it goes on in.
 *
 * @param number grows whenever records that were read may have been lost
 * @param runId another after every start of PostgreSQL; most leave the epoch as it is
 */
public record LeaderEpoch(int number, UUID runId) {}
