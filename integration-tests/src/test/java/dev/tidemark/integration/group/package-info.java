/** Consumers that share partitions out among them, and commit how far they are; also while servers and PostgreSQL die, stand still and come back. */
package dev.tidemark.integration.group;
