/** Life in somebody else's database: other versions of PostgreSQL, a pooler between, few privileges, servers of two versions. */
package dev.tidemark.integration.neighbour;
