/** What is looked at before a server starts, one class a group: the facts, read in one place, and what follows from them, which needs no database. */
package dev.tidemark.server.postgres.check;
