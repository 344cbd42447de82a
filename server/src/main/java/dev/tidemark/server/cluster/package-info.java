/** Several servers over one database: which of them live, and what one tells the others. */
package dev.tidemark.server.cluster;
