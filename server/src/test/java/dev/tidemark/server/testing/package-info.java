/** What tests stand on, here and in the modules after this one: a real PostgreSQL, a database a class, and the log's promises checked after every test. */
package dev.tidemark.server.testing;
