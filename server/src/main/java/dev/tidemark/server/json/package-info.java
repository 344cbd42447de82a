/**
 * Checks of text and JSON, as bytes, before PostgreSQL sees them: one bad record must never spoil a COPY that others share. On the hot path; depends on
 * nothing.
 */
package dev.tidemark.server.json;
