/** Processes that die. */
package dev.tidemark.integration.faults;
