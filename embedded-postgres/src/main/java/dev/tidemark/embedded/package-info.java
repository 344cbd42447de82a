/**
 * A real PostgreSQL of one's own, for whoever has none at hand: unpacked from the build, durable, in one folder, and gone with the process that
 * started it. Start reading at {@link dev.tidemark.embedded.EmbeddedPostgres}.
 */
package dev.tidemark.embedded;
