/** Servers and PostgreSQL that fail while records flow. */
package dev.tidemark.integration.chaos;
