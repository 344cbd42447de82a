package dev.tidemark.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where the PostgreSQL of a data folder listens, and how to get in. Apart from {@link EmbeddedPostgres}, so that a short command which only connects to it
 * does not wait for logging to be set up.
 *
 * @param port on 127.0.0.1
 */
public record EmbeddedAddress(int port, String password) {
    private static final String NAME = "tidemark";

    /**
     * The address of the PostgreSQL in a folder, whoever runs it and whether or not it runs now; empty where none was ever started.
     *
     * @throws IOException when the folder may not be read, or does not hold what a server writes there
     */
    public static Optional<EmbeddedAddress> in(Path dataFolder) throws IOException {
        try {
            String port = Files.readString(dataFolder.resolve("port")).strip();
            String password = Files.readString(dataFolder.resolve("password")).strip();
            return Optional.of(new EmbeddedAddress(Integer.parseInt(port), password));
        } catch (NoSuchFileException none) {
            return Optional.empty();
        } catch (NumberFormatException notOurs) {
            throw new IOException(dataFolder.resolve("port") + " holds no port number", notOurs);
        }
    }

    /** Complete, with user and password. The role owns the database and may make roles and databases; it is no superuser. */
    public String jdbcUrl() {
        return jdbcUrl(NAME, NAME);
    }

    String jdbcUrl(String database, String user) {
        return "jdbc:postgresql://127.0.0.1:" + port + "/" + database + "?user=" + user + "&password=" + password;
    }

    /** The same for psql and everything else on libpq. */
    public String libpqUri() {
        return "postgresql://" + NAME + ":" + password + "@127.0.0.1:" + port + "/" + NAME;
    }

    /** Without the password. */
    @Override
    public String toString() {
        return "EmbeddedAddress[127.0.0.1:" + port + "]";
    }
}
