/** Reading: from the tail, from the database, and waiting at the log end without a thread. */
package dev.tidemark.server.log.fetch;
