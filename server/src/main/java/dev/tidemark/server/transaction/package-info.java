/** What takes place in the same database transaction as an append: for now, a group's committed offsets. */
package dev.tidemark.server.transaction;
