/** Segments: how large they are made, and that the next one is there before it is needed. */
package dev.tidemark.server.log.segment;
