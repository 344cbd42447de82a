package dev.tidemark.integration.server;

import dev.tidemark.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A PostgreSQL of the test's own, which it may stop, silence, kill and put back to an earlier state; always at the same address. */
public final class OwnPostgres implements AutoCloseable {
    private final Path folder;
    private EmbeddedPostgres running;
    private final String jdbcUrl;

    private OwnPostgres(Path folder) {
        this.folder = folder;
        this.running = started(folder);
        this.jdbcUrl = running.jdbcUrl();
    }

    public static OwnPostgres in(Path temporary) throws IOException {
        // PostgreSQL may run as another user, who must get through.
        Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwx--x--x"));
        Path folder = Files.createDirectories(temporary.resolve("own-postgres"));
        // Not one that another embedded PostgreSQL of this machine takes while this one is stopped.
        try (ServerSocket free = new ServerSocket(0)) {
            Files.writeString(folder.resolve("port"), Integer.toString(free.getLocalPort()));
        }
        return new OwnPostgres(folder);
    }

    private static EmbeddedPostgres started(Path folder) {
        return EmbeddedPostgres.start(folder, Duration.ofSeconds(10), () -> {});
    }

    public String jdbcUrl() {
        return jdbcUrl;
    }

    public Connection connect() throws SQLException {
        return DriverManager.getConnection(jdbcUrl);
    }

    /** An orderly shutdown: sessions are ended, and connections refused from then on. */
    public void stop() {
        running.close();
    }

    public void start() {
        running = started(folder);
        if (!running.jdbcUrl().equals(jdbcUrl)) {
            throw new IllegalStateException("somebody took its port");
        }
    }

    /** As {@code kill -9} does; it is started again at once, and recovers. */
    public void kill() throws IOException {
        postmaster().destroyForcibly();
    }

    /** Every process of it stands still: connections are accepted by the system, and nothing is ever answered. */
    public void silence() throws IOException, InterruptedException {
        ProcessHandle postmaster = postmaster();
        signal("STOP", Stream.of(postmaster));
        // Only now it starts no others; one that was on its way is there the second time.
        signal("STOP", postmaster.children());
        signal("STOP", postmaster.children());
    }

    public void goOn() throws IOException, InterruptedException {
        ProcessHandle postmaster = postmaster();
        signal("CONT", Stream.concat(postmaster.children(), Stream.of(postmaster)));
    }

    private static void signal(String name, Stream<ProcessHandle> processes) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("kill", "-" + name));
        processes.forEach(process -> command.add(Long.toString(process.pid())));
        // A backend may have ended meanwhile.
        new ProcessBuilder(command).redirectErrorStream(true).start().waitFor(10, TimeUnit.SECONDS);
    }

    private ProcessHandle postmaster() throws IOException {
        String pid = Files.readAllLines(data().resolve("postmaster.pid")).get(0);
        return ProcessHandle.of(Long.parseLong(pid.strip())).orElseThrow();
    }

    private Path data() {
        return folder.resolve("postgres");
    }

    /** Keeps a plain copy of its files; it must be stopped. */
    public void keepCopy() throws IOException, InterruptedException {
        // One that is there already would be copied into.
        run("rm", "-rf", folder.resolve("copy").toString());
        copy(data(), folder.resolve("copy"));
    }

    /** Puts the copy in the place of its files; it must be stopped. */
    public void putCopyBack() throws IOException, InterruptedException {
        run("rm", "-rf", data().toString());
        copy(folder.resolve("copy"), data());
    }

    private static void copy(Path from, Path to) throws IOException, InterruptedException {
        run("cp", "-a", from.toString(), to.toString());
    }

    private static void run(String... command) throws IOException, InterruptedException {
        int exitCode = new ProcessBuilder(command).inheritIO().start().waitFor();
        if (exitCode != 0) {
            throw new IOException(String.join(" ", command) + " ended with " + exitCode);
        }
    }

    @Override
    public void close() {
        running.close();
    }
}
