package dev.tidemark.server.outbox;

import org.jspecify.annotations.Nullable;

/**
 * A record a caller has staged and committed.
 *
 * @param topic what it is for; null when that topic has been deleted
 * @param partition where the caller wants it; null: where its key says
 * @param headers as a record keeps them
 * @param principal the role that staged it
 * @param stagedAtMs when, by PostgreSQL's clock; its commit came later
 */
record StagedRecord(
        long id,
        @Nullable StagedTopic topic,
        @Nullable Integer partition,
        long timestampMs,
        byte @Nullable [] key,
        byte @Nullable [] value,
        byte @Nullable [] headers,
        String principal,
        long stagedAtMs) {}
