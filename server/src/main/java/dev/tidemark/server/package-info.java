/** The server as a whole: its settings, and what it starts and stops in which order. */
package dev.tidemark.server;
