/** Who asks, by bearer token, and what they may. */
package dev.tidemark.server.access;
