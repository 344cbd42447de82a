/** The ways into the log, as one interface: the same tests run through each. */
package dev.tidemark.integration.door;
