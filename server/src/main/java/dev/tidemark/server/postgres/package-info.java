/** PostgreSQL: connections, migrations, and the embedded server that stands in where the user names none. */
package dev.tidemark.server.postgres;
