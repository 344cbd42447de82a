/** The record log: append, fetch and the segments they write to and read from. */
package dev.tidemark.server.log;
