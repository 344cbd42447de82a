/** Several servers over one database. */
package dev.tidemark.integration.cluster;
