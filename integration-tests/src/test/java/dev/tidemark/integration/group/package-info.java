/** Consumers that share partitions out among them, and commit how far they are. */
package dev.tidemark.integration.group;
