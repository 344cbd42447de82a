/** Files that people change while the server runs: tokens, certificates. */
package dev.tidemark.server.file;
