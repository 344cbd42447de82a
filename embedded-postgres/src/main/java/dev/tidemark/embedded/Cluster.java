package dev.tidemark.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What PostgreSQL calls a cluster: its data directory, and the database and role in it that are ours. */
final class Cluster {
    private static final Logger LOG = LoggerFactory.getLogger(Cluster.class);

    private final DataFolder folder;
    private final PostgresBinaries binaries;
    private final PostgresAccount account;

    Cluster(DataFolder folder, PostgresBinaries binaries, PostgresAccount account) {
        this.folder = folder;
        this.binaries = binaries;
        this.account = account;
    }

    /** Makes the data directory unless it is there, and everything in it the property of whom PostgreSQL runs as. */
    void initialise(String password) throws IOException {
        if (Files.notExists(folder.data())) {
            LOG.info("making a new database folder=\"{}\"", folder.data());
            makeData(password);
        }
        requireSameMajorVersion();
        Files.writeString(folder.data().resolve("tidemark.conf"), PostgresSettings.defaults(folder.log()));
        makeOwnFolder(folder.log());
        give(folder.data());
        give(folder.data().resolve("tidemark.conf"));
        give(folder.log());
    }

    /** Under another name first, so that one broken off is not taken for a whole one. */
    private void makeData(String password) throws IOException {
        Path halfway = folder.data().resolveSibling("postgres.new");
        FileTree.delete(halfway);
        makeOwnFolder(halfway);
        give(halfway);
        Path passwordFile = folder.root().resolve("password.initdb");
        DataFolder.write(passwordFile, password);
        give(passwordFile);
        try {
            run(List.of(
                    binaries.initdb().toString(),
                    "--pgdata=" + halfway,
                    "--username=postgres",
                    "--pwfile=" + passwordFile,
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    // Built in, so that neither the machine's libraries nor their updates decide how text sorts.
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--locale=C",
                    "--data-checksums"));
        } finally {
            Files.deleteIfExists(passwordFile);
        }
        Files.writeString(halfway.resolve("postgresql.conf"), PostgresSettings.included());
        Files.move(halfway, folder.data(), StandardCopyOption.ATOMIC_MOVE);
    }

    private void run(List<String> command) {
        Command.Result result = Command.run(account.command(command));
        if (!result.succeeded()) {
            throw new EmbeddedPostgresException("cannot make a database in " + folder.root() + ": "
                    + result.output()
                            .lines()
                            .filter(line -> line.contains("error"))
                            .findFirst()
                            .orElse(result.lastLine()));
        }
    }

    private static void makeOwnFolder(Path path) throws IOException {
        Files.createDirectories(path);
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwx------"));
    }

    private void give(Path path) throws IOException {
        if (account.owner().isPresent()) {
            FileTree.changeOwner(path, account.owner().getAsInt());
        }
    }

    private void requireSameMajorVersion() throws IOException {
        String made = Files.readString(folder.data().resolve("PG_VERSION")).strip();
        Command.Result said =
                Command.run(account.command(List.of(binaries.postgres().toString(), "--version")));
        if (!said.lastLine().matches(".* " + made + "\\..*")) {
            throw new EmbeddedPostgresException(
                    folder.data() + " was made by PostgreSQL " + made + ", and this build brings " + said.lastLine()
                            + ": move the data with pg_dump, or keep the older build");
        }
    }

    /** The role and the database, unless they are there; then what an acknowledgement rests on is looked at, not assumed. */
    static void prepare(String superuserUrl, String password) throws SQLException {
        try (Connection connection = DriverManager.getConnection(superuserUrl);
                Statement statement = connection.createStatement()) {
            if (isEmpty(statement, "select from pg_roles where rolname = 'tidemark'")) {
                // No quoting needed: the password is hexadecimal.
                statement.execute("create role tidemark login createdb createrole password '" + password + "'");
            }
            if (isEmpty(statement, "select from pg_database where datname = 'tidemark'")) {
                statement.execute("create database tidemark owner tidemark");
            }
            requireDurable(statement);
        }
    }

    private static void requireDurable(Statement statement) throws SQLException {
        String unsafe = "select name from pg_settings where setting <> 'on'"
                + " and name in ('fsync', 'full_page_writes', 'synchronous_commit', 'data_checksums')";
        try (ResultSet settings = statement.executeQuery(unsafe)) {
            if (settings.next()) {
                throw new EmbeddedPostgresException("PostgreSQL runs with " + settings.getString(1)
                        + " off, and acknowledged records would not be safe");
            }
        }
    }

    private static boolean isEmpty(Statement statement, String query) throws SQLException {
        try (ResultSet rows = statement.executeQuery(query)) {
            return !rows.next();
        }
    }
}
