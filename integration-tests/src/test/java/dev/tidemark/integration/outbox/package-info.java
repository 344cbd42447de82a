/** Records and offsets that take place together: transactions over several topics, and records produced in callers' own. */
package dev.tidemark.integration.outbox;
