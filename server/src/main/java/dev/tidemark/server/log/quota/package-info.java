/** Quotas: what appends may take of the host, a second and on disk, and how they are refused past it. */
package dev.tidemark.server.log.quota;
