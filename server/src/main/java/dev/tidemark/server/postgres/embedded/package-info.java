/**
 * A real PostgreSQL of the server's own, for whoever has none at hand: unpacked from the build, durable, in one folder, and gone with the server.
 * Start reading at {@link dev.tidemark.server.postgres.embedded.EmbeddedPostgres}.
 */
package dev.tidemark.server.postgres.embedded;
