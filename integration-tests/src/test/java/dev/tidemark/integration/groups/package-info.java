/** Consumer groups while servers and PostgreSQL die, stand still and come back. */
package dev.tidemark.integration.groups;
