package dev.tidemark.integration.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.integration.door.HttpApi;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A server with a JVM of its own, and its embedded PostgreSQL or a given one, started as {@code bin/tidemark server} does, which a test may kill. */
public final class ServerProcess implements AutoCloseable {
    private static final Duration STOP_PATIENCE = Duration.ofSeconds(60);

    /** What servers say; kept for whoever looks into a failed test. */
    private static final Path LOG = Path.of("target", "server-process.log");

    private final Path dataDir;
    private final Process process;
    private final URI uri;
    private final HttpApi http;
    private final String jdbcUrl;
    private final List<String> welcome;

    private ServerProcess(Path dataDir, Process process, URI uri, String jdbcUrl, List<String> welcome) {
        this.dataDir = dataDir;
        this.process = process;
        this.uri = uri;
        this.http = new HttpApi(() -> uri);
        this.jdbcUrl = jdbcUrl;
        this.welcome = welcome;
    }

    /**
     * Starts it and returns when it says that it is ready.
     *
     * @param port 0: any
     */
    public static ServerProcess start(Path dataDir, int port) {
        return start(new ProcessBuilder(command(dataDir, port)), dataDir);
    }

    /**
     * Starts it as a command of the test's own does.
     *
     * @param dataDir where that will be
     */
    public static ServerProcess start(ProcessBuilder command, Path dataDir) {
        try {
            Process process = command.redirectError(ProcessBuilder.Redirect.appendTo(LOG.toFile()))
                    .start();
            return whenReady(dataDir, process);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Starts one over a database that somebody else runs.
     *
     * @param jdbcUrl complete
     * @param port 0: any
     * @param more flags and their values
     */
    public static ServerProcess startOver(String jdbcUrl, int port, String... more) {
        List<String> flags = new ArrayList<>(List.of("--http-port", Integer.toString(port)));
        flags.addAll(List.of(more));
        ProcessBuilder command = new ProcessBuilder(command(flags.toArray(String[]::new)));
        command.environment().put("TIDEMARK_JDBC_URL", jdbcUrl);
        ServerProcess started = start(command, LOG);
        return new ServerProcess(LOG, started.process, started.uri, jdbcUrl, started.welcome);
    }

    private static List<String> command(Path dataDir, int port) {
        return command("--http-port", Integer.toString(port), "--data-dir", dataDir.toString());
    }

    private static List<String> command(String... flags) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                // Over before the better compiler would pay.
                "-XX:TieredStopAtLevel=1",
                "-Xmx512m",
                "-cp",
                Installation.classPath(),
                "dev.tidemark.cli.TidemarkCli",
                "server"));
        command.addAll(List.of(flags));
        return command;
    }

    private static ServerProcess whenReady(Path dataDir, Process process) throws IOException {
        BufferedReader output =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        List<String> said = new ArrayList<>();
        String http = "";
        String jdbc = "";
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            said.add(line);
            String value = line.strip().replaceFirst("^\\S+\\s+", "");
            if (line.strip().startsWith("HTTP")) {
                http = value;
            } else if (line.strip().startsWith("JDBC")) {
                jdbc = value;
            } else if (line.contains("consume")) {
                // The last it says on standard output.
                return new ServerProcess(dataDir, process, URI.create(http), jdbc, said);
            }
        }
        Path log = dataDir.resolveSibling("server.log");
        throw new IOException(
                "the server did not start: " + said + "\n" + Files.readString(Files.exists(log) ? log : LOG));
    }

    public URI uri() {
        return uri;
    }

    /** The lines it printed once it was ready. */
    public List<String> welcome() {
        return List.copyOf(welcome);
    }

    public HttpApi http() {
        return http;
    }

    public double meter(String name) {
        return Metrics.value(http().getText("/metrics"), name, "");
    }

    /** As {@code kill -9} does. */
    public void kill() {
        process.destroyForcibly();
        awaitEnd();
    }

    /** As {@code kill -STOP} does: it takes connections, and nothing happens on them, until {@link #resume}. */
    public void suspend() {
        Signals.send("STOP", process);
    }

    public void resume() {
        Signals.send("CONT", process);
    }

    /** Kills PostgreSQL's postmaster as {@code kill -9} does; the server lives on. */
    public void killPostgres() {
        long pid = postmaster();
        assertThat(ProcessHandle.of(pid))
                .get()
                .satisfies(
                        postmaster -> assertThat(postmaster.destroyForcibly()).isTrue());
    }

    /** The process id of PostgreSQL's postmaster. */
    public long postmaster() {
        try {
            return Long.parseLong(Files.readAllLines(dataDir.resolve("postgres/postmaster.pid"))
                    .get(0)
                    .strip());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sends SIGTERM. */
    public CompletableFuture<Integer> terminate() {
        process.destroy();
        return process.onExit().thenApply(Process::exitValue);
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    private void awaitEnd() {
        try {
            assertThat(process.waitFor(STOP_PATIENCE.toSeconds(), TimeUnit.SECONDS))
                    .as("the server process ends")
                    .isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    public Connection connect() throws SQLException {
        return DriverManager.getConnection(jdbcUrl);
    }

    /** What {@code tidemark.verify} says of a topic. */
    public List<String> brokenPromises(String topic) throws SQLException {
        try (Connection connection = connect();
                PreparedStatement verify = connection.prepareStatement("select v::text from tidemark.verify(?) v")) {
            verify.setString(1, topic);
            ResultSet rows = verify.executeQuery();
            List<String> broken = new ArrayList<>();
            while (rows.next()) {
                broken.add(rows.getString(1));
            }
            return broken;
        }
    }

    /** SIGTERM, and after its time SIGKILL. */
    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(STOP_PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
