package dev.tidemark.server.testing;

import java.io.BufferedInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Enumeration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;
import org.awaitility.Awaitility;

/**
 * A PostgreSQL of a chosen major version, with PostgreSQL's own default settings, in a temporary folder. The build puts the programs of every version we
 * support beside the server module's classes.
 */
public final class PostgresOfVersion implements AutoCloseable {
    /** From the folder of any module. */
    private static final Path JARS = Path.of("..", "server", "target", "postgres-versions");

    private static final Path LOG = Path.of("target", "postgres-of-version.log").toAbsolutePath();
    private static final String ADMINISTRATOR = "postgres?user=postgres&password=postgres";
    private static final String DATABASE = "tidemark?user=tidemark&password=tidemark";
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Path folder;
    /** What goes when it is closed. */
    private final Path owned;

    private final Path data;
    private final Process process;
    private final int port;

    private PostgresOfVersion(Path folder, Path owned, Path data, Process process, int port) {
        this.folder = folder;
        this.owned = owned;
        this.data = data;
        this.process = process;
        this.port = port;
    }

    /** @param settings for its command line, such as {@code max_connections=20} */
    public static PostgresOfVersion start(int major, String... settings) {
        Path folder = null;
        try {
            folder = Files.createTempDirectory("tidemark-postgres-" + major + "-");
            // As root, PostgreSQL runs as somebody else, who has to get there.
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
            unpack(jar(major), Files.createDirectory(folder.resolve("programs")));
            return start(folder, settings);
        } catch (IOException | InterruptedException | SQLException failure) {
            delete(folder);
            throw new IllegalStateException("PostgreSQL " + major + " did not start, see " + LOG, failure);
        }
    }

    private static PostgresOfVersion start(Path folder, String... settings)
            throws IOException, InterruptedException, SQLException {
        Path data = Files.createDirectory(folder.resolve("data"));
        Path password = Files.writeString(folder.resolve("password"), "postgres\n");
        if (isRoot()) {
            run(List.of("chown", "65534:65534", data.toString()));
        }
        List<String> initdb = new ArrayList<>(account());
        initdb.addAll(List.of(
                folder.resolve("programs/bin/initdb").toString(),
                "--pgdata=" + data,
                "--username=postgres",
                // With passwords: a test may be about a wrong one.
                "--auth=scram-sha-256",
                "--pwfile=" + password,
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync"));
        run(initdb);

        PostgresOfVersion started = launch(folder, folder, data, settings);
        prepare(started.administratorUrl());
        return started;
    }

    private static PostgresOfVersion launch(Path folder, Path owned, Path data, String... settings) throws IOException {
        int port = freePort();
        List<String> postgres = new ArrayList<>(account());
        // It must not outlive us.
        postgres.addAll(List.of("setpriv", "--pdeathsig", "INT"));
        postgres.addAll(List.of(
                folder.resolve("programs/bin/postgres").toString(),
                "-D",
                data.toString(),
                "-p",
                Integer.toString(port),
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "unix_socket_directories="));
        Stream.of(settings).forEach(setting -> postgres.addAll(List.of("-c", setting)));
        Process process = new ProcessBuilder(postgres)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(LOG.toFile()))
                .start();
        PostgresOfVersion started = new PostgresOfVersion(folder, owned, data, process, port);
        Awaitility.await()
                .pollInterval(Duration.ofMillis(20))
                .atMost(PATIENCE)
                .until(() -> answers(process, started.administratorUrl()));
        return started;
    }

    private static boolean isRoot() {
        return System.getProperty("user.name").equals("root");
    }

    private static List<String> account() {
        return isRoot() ? List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups") : List.of();
    }

    private static boolean answers(Process process, String url) {
        if (!process.isAlive()) {
            throw new IllegalStateException("PostgreSQL ended, see " + LOG);
        }
        try (Connection connection = DriverManager.getConnection(url)) {
            return connection.isValid(5);
        } catch (SQLException notYet) {
            return false;
        }
    }

    /** As the embedded one: a role that is no superuser, and a database of its own. */
    private static void prepare(String url) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement()) {
            statement.execute("create role tidemark login createdb createrole password 'tidemark'");
            statement.execute("create database tidemark owner tidemark");
        }
    }

    private static Path jar(int major) throws IOException {
        try (Stream<Path> jars = Files.list(JARS)) {
            return jars.filter(jar -> jar.getFileName().toString().matches(".*-" + major + "\\.[0-9.]+\\.jar"))
                    .findFirst()
                    .orElseThrow(() -> new IOException("there is no PostgreSQL " + major + " in " + JARS));
        }
    }

    private static void unpack(Path jarFile, Path folder) throws IOException {
        try (JarFile jar = new JarFile(jarFile.toFile())) {
            Enumeration<JarEntry> entries = jar.entries();
            while (entries.hasMoreElements()) {
                JarEntry entry = entries.nextElement();
                if (entry.getName().endsWith(".txz")) {
                    unpack(jar.getInputStream(entry), folder);
                }
            }
        }
    }

    private static void unpack(InputStream archive, Path folder) throws IOException {
        try (TarArchiveInputStream tar =
                new TarArchiveInputStream(new XZCompressorInputStream(new BufferedInputStream(archive)))) {
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                Path target = folder.resolve(entry.getName()).normalize();
                if (entry.isDirectory()) {
                    Files.createDirectories(target);
                } else if (entry.isSymbolicLink()) {
                    Files.createDirectories(target.getParent());
                    Files.createSymbolicLink(target, Path.of(entry.getLinkName()));
                } else {
                    Files.createDirectories(target.getParent());
                    Files.copy(tar, target);
                    boolean program = (entry.getMode() & 0100) != 0;
                    Files.setPosixFilePermissions(
                            target, PosixFilePermissions.fromString(program ? "rwxr-xr-x" : "rw-r--r--"));
                }
            }
        }
    }

    private static void run(List<String> command) throws IOException, InterruptedException {
        int exitCode = new ProcessBuilder(command)
                .directory(new File("/"))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(LOG.toFile()))
                .start()
                .waitFor();
        if (exitCode != 0) {
            throw new IOException(command.get(0) + " ended with " + exitCode);
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            return socket.getLocalPort();
        }
    }

    /** Complete, of a database whose owner may make databases and roles, and is no superuser. */
    public String jdbcUrl() {
        return "jdbc:postgresql://" + host() + "/" + DATABASE;
    }

    /** Complete, of the database of {@link #jdbcUrl} on whichever of the two may be written to. */
    public String jdbcUrlWith(PostgresOfVersion other) {
        return "jdbc:postgresql://" + host() + "," + other.host() + "/" + DATABASE;
    }

    private String host() {
        return "127.0.0.1:" + port;
    }

    private String administratorUrl() {
        return "jdbc:postgresql://" + host() + "/" + ADMINISTRATOR;
    }

    /** As a superuser, in the database of {@link #jdbcUrl}; the first column of the first row, or null. */
    public String ask(String sql) throws SQLException {
        String url = administratorUrl().replace("/postgres?", "/tidemark?");
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement()) {
            return ask(statement, sql);
        }
    }

    private static String ask(Statement statement, String sql) throws SQLException {
        if (!statement.execute(sql)) {
            return null;
        }
        try (ResultSet row = statement.getResultSet()) {
            return row.next() ? row.getString(1) : null;
        }
    }

    /**
     * A hot standby of this one, by streaming replication. It lives in this one's folder: close it first.
     *
     * @param name as which it connects, for {@code synchronous_standby_names}
     */
    public PostgresOfVersion standby(String name) throws IOException, InterruptedException, SQLException {
        Path copy = folder.resolve("standby-" + name);
        // PostgreSQL 15 gave the functions shorter names. The session that begins a backup must end it.
        try (Connection connection = DriverManager.getConnection(administratorUrl());
                Statement statement = connection.createStatement()) {
            ask(statement, "select pg_backup_start('" + name + "', true)");
            run(List.of("cp", "-a", data.toString(), copy.toString()));
            Files.writeString(copy.resolve("backup_label"), ask(statement, "select labelfile from pg_backup_stop()"));
        }
        Files.delete(copy.resolve("postmaster.pid"));
        Files.createFile(copy.resolve("standby.signal"));
        Files.writeString(
                copy.resolve("postgresql.auto.conf"),
                "primary_conninfo = 'host=127.0.0.1 port=" + port + " user=postgres password=postgres application_name="
                        + name + "'\n",
                StandardOpenOption.APPEND);
        if (isRoot()) {
            run(List.of("chown", "-R", "65534:65534", copy.toString()));
        }
        return launch(folder, copy, copy);
    }

    /** As {@code kill -9} does: its sessions end without a word. */
    public void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    @Override
    public void close() {
        try {
            // SIGINT: a fast shutdown, which waits for nobody.
            run(List.of("kill", "-INT", Long.toString(process.pid())));
            if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (IOException failure) {
            process.destroyForcibly();
        } catch (InterruptedException hurried) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        delete(owned);
    }

    private static void delete(Path folder) {
        if (folder == null) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
