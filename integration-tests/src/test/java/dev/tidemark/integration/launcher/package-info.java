/** What {@code bin/tidemark} and a process of its own make of a command: signals, pipes, the environment, finding Java. */
package dev.tidemark.integration.launcher;
