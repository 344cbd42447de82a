package dev.tidemark.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** An embedded PostgreSQL with a JVM of its own, which a test may kill. */
final class EmbeddedPostgresProcess implements Closeable {
    private final Process process;
    private final String jdbcUrl;

    private EmbeddedPostgresProcess(Process process, String jdbcUrl) {
        this.process = process;
        this.jdbcUrl = jdbcUrl;
    }

    /** What runs in there: starts PostgreSQL, says its URL, and stops when its input ends. */
    public static void main(String[] arguments) throws IOException {
        try (EmbeddedPostgres postgres =
                EmbeddedPostgres.start(Path.of(arguments[0]), Duration.ofSeconds(10), () -> {})) {
            System.out.println("url " + postgres.jdbcUrl());
            while (System.in.read() >= 0) {
                continue;
            }
        }
    }

    static EmbeddedPostgresProcess start(Path folder) throws IOException {
        return start(folder, List.of(), System.getProperty("java.class.path"));
    }

    static EmbeddedPostgresProcess start(Path folder, List<String> prefix, String classPath) throws IOException {
        List<String> command = new ArrayList<>(prefix);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                classPath,
                EmbeddedPostgresProcess.class.getName(),
                folder.toString()));
        Process process = new ProcessBuilder(command)
                .directory(Path.of("/").toFile())
                .redirectErrorStream(true)
                .start();
        BufferedReader output = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
        StringBuilder said = new StringBuilder();
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            said.append(line).append('\n');
            if (line.startsWith("url ")) {
                return new EmbeddedPostgresProcess(process, line.substring("url ".length()));
            }
        }
        throw new IOException("did not start: " + said);
    }

    String jdbcUrl() {
        return jdbcUrl;
    }

    /** As {@code kill -9} does: nothing of the process's own runs any more. */
    void kill() throws IOException {
        process.destroyForcibly();
        awaitEnd();
    }

    private void awaitEnd() throws IOException {
        try {
            process.waitFor();
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new IOException(stopped);
        }
    }

    @Override
    public void close() throws IOException {
        process.getOutputStream().close();
        awaitEnd();
    }
}
