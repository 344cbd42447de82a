/** How PostgreSQL carries out what the server asks. */
package dev.tidemark.integration.plan;
