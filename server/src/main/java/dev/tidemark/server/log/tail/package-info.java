/** What this server knows of the log without asking the database: known ends and the newest batches. */
package dev.tidemark.server.log.tail;
