package dev.tidemark.cli;

import dev.tidemark.embedded.EmbeddedAddress;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which database a command goes to itself, without a server between. */
final class DatabaseOptions {
    @Option(
            names = "--jdbc-url",
            paramLabel = "URL",
            defaultValue = "${env:TIDEMARK_JDBC_URL}",
            description =
                    "jdbc:postgresql://host:port/database?user=…&password=…%nDefault: $TIDEMARK_JDBC_URL, else the"
                            + " embedded PostgreSQL in the data directory")
    private @Nullable String jdbcUrl;

    @Option(
            names = "--db-user",
            paramLabel = "NAME",
            defaultValue = "${env:TIDEMARK_DB_USER}",
            description = "The role, where the URL names none.%nDefault: $TIDEMARK_DB_USER")
    private @Nullable String user;

    @Option(
            names = "--db-password",
            paramLabel = "PASSWORD",
            defaultValue = "${env:TIDEMARK_DB_PASSWORD}",
            description = "Its password. Anybody on this machine may read a command line: prefer the environment."
                    + "%nDefault: $TIDEMARK_DB_PASSWORD")
    private @Nullable String password;

    @Option(
            names = "--data-dir",
            paramLabel = "DIR",
            defaultValue = "${env:TIDEMARK_DATA_DIR}",
            description = "Where the embedded PostgreSQL lives.%nDefault: $TIDEMARK_DATA_DIR, else ./tidemark-data")
    private @Nullable Path dataDir;

    DatabaseLocation location() {
        if (jdbcUrl != null && !jdbcUrl.isEmpty()) {
            return new DatabaseLocation(jdbcUrl, user, password, "");
        }
        return embedded(dataDir == null || dataDir.toString().isEmpty() ? Path.of("tidemark-data") : dataDir);
    }

    private static DatabaseLocation embedded(Path folder) {
        try {
            EmbeddedAddress address = EmbeddedAddress.in(folder)
                    .orElseThrow(() -> new CommandFailed("no database to run on: there is none in " + folder
                            + "; --data-dir says where the server keeps its own, --jdbc-url names another"));
            return new DatabaseLocation(
                    address.jdbcUrl(),
                    null,
                    null,
                    "; it runs only while its server does: 'tidemark server' starts one, --jdbc-url names another database");
        } catch (AccessDeniedException e) {
            throw new CommandFailed(
                    "may not read " + e.getFile() + ", which belongs to whoever started the server; --jdbc-url names"
                            + " the database as well",
                    e);
        } catch (IOException e) {
            throw new CommandFailed("cannot read " + folder + ": " + e.getMessage(), e);
        }
    }
}
