/** Servers for tests: in this JVM over a database of a class's own, and as a process that may be killed. */
package dev.tidemark.integration.server;
