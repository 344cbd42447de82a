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
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
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
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Path folder;
    private final Process process;
    private final String jdbcUrl;

    private PostgresOfVersion(Path folder, Process process, String jdbcUrl) {
        this.folder = folder;
        this.process = process;
        this.jdbcUrl = jdbcUrl;
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
        boolean root = System.getProperty("user.name").equals("root");
        if (root) {
            run(List.of("chown", "65534:65534", data.toString()));
        }
        List<String> account =
                root ? List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups") : List.of();
        List<String> initdb = new ArrayList<>(account);
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

        int port = freePort();
        List<String> postgres = new ArrayList<>(account);
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
        String server = "jdbc:postgresql://127.0.0.1:" + port + "/";
        Awaitility.await()
                .pollInterval(Duration.ofMillis(20))
                .atMost(PATIENCE)
                .until(() -> answers(process, server + ADMINISTRATOR));
        prepare(server + ADMINISTRATOR);
        return new PostgresOfVersion(folder, process, server + "tidemark?user=tidemark&password=tidemark");
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
        return jdbcUrl;
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
        delete(folder);
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
