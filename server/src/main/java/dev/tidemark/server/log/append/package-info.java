/** Appending: checks, lanes, group commit, and what becomes of each batch. */
package dev.tidemark.server.log.append;
