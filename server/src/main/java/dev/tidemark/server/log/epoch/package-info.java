/** Leader epochs: whether what this server remembers of the log is still true. */
package dev.tidemark.server.log.epoch;
