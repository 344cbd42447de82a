package dev.tidemark.integration.server;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** pgbouncer in front of a PostgreSQL, as a process of its own. Debian's package puts it where a user's PATH does not lead. */
public final class Pgbouncer implements AutoCloseable {
    /** Sessions in PostgreSQL that its clients share. */
    public static final int POOL_SIZE = 6;

    private static final List<Path> PROGRAMS = List.of(Path.of("/usr/sbin/pgbouncer"), Path.of("/usr/bin/pgbouncer"));
    private static final Path LOG = Path.of("target", "pgbouncer.log");

    private final Path folder;
    private final Process process;
    private final String jdbcUrl;

    private Pgbouncer(Path folder, Process process, String jdbcUrl) {
        this.folder = folder;
        this.process = process;
        this.jdbcUrl = jdbcUrl;
    }

    public static boolean isInstalled() {
        return PROGRAMS.stream().anyMatch(Files::isExecutable);
    }

    /** @param mode transaction or statement */
    public static Pgbouncer before(String jdbcUrl, String mode) {
        try {
            URI database = URI.create(jdbcUrl.substring("jdbc:".length()));
            int port = freePort();
            Path folder = Files.createTempDirectory("tidemark-pgbouncer");
            // It does not run as root, and reads its file as who it runs as.
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
            Path file = Files.writeString(folder.resolve("pgbouncer.ini"), configuration(database, port, mode));
            Process process = new ProcessBuilder(command(file))
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(LOG.toFile()))
                    .start();
            String url = jdbcUrl.replaceFirst("//[^/]+/", "//127.0.0.1:" + port + "/");
            Pgbouncer pgbouncer = new Pgbouncer(folder, process, url);
            await().pollInterval(Duration.ofMillis(20)).until(pgbouncer::answers);
            return pgbouncer;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static List<String> command(Path file) {
        String program = PROGRAMS.stream()
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow()
                .toString();
        List<String> command = new ArrayList<>(List.of(program));
        if (System.getProperty("user.name").equals("root")) {
            command.addAll(List.of("-u", "nobody"));
        }
        command.add(file.toString());
        return command;
    }

    private static String configuration(URI database, int port, String mode) {
        Map<String, String> parameters = Arrays.stream(database.getQuery().split("&"))
                .map(parameter -> parameter.split("=", 2))
                .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1]));
        return """
                [databases]
                * = host=%s port=%d user=%s password=%s
                [pgbouncer]
                listen_addr = 127.0.0.1
                listen_port = %d
                unix_socket_dir =
                auth_type = any
                pool_mode = %s
                default_pool_size = %d
                max_client_conn = 500
                ignore_startup_parameters = extra_float_digits
                """.formatted(
                        database.getHost(),
                        database.getPort(),
                        parameters.get("user"),
                        parameters.get("password"),
                        port,
                        mode,
                        POOL_SIZE);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            return socket.getLocalPort();
        }
    }

    private boolean answers() {
        if (!process.isAlive()) {
            throw new IllegalStateException("pgbouncer ended, see " + LOG);
        }
        try (Connection connection = DriverManager.getConnection(jdbcUrl)) {
            return !connection.isClosed();
        } catch (SQLException notYet) {
            return false;
        }
    }

    /** The database by way of the pooler; complete. */
    public String jdbcUrl() {
        return jdbcUrl;
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor(10, TimeUnit.SECONDS);
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(folder);
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
