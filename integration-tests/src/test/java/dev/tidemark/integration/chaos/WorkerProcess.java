package dev.tidemark.integration.chaos;

import dev.tidemark.integration.server.Signals;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A {@link GroupWorker} with a JVM of its own. */
final class WorkerProcess implements AutoCloseable {
    private static final Path LOG = Path.of("target", "worker-process.log");
    private static final long STOP_PATIENCE_SECONDS = 60;

    private final String name;
    private final Process process;

    private WorkerProcess(String name, Process process) {
        this.name = name;
        this.process = process;
    }

    static WorkerProcess start(String name, String servers, String jdbcUrl) throws IOException {
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        // Over before the better compiler would pay.
                        "-XX:TieredStopAtLevel=1",
                        "-Xmx256m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        GroupWorker.class.getName(),
                        servers,
                        jdbcUrl,
                        name))
                .redirectError(ProcessBuilder.Redirect.appendTo(LOG.toFile()))
                .start();
        BufferedReader output =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        String said = output.readLine();
        if (!GroupWorker.READY.equals(said)) {
            throw new IOException("worker " + name + " did not start; see " + LOG);
        }
        return new WorkerProcess(name, process);
    }

    String name() {
        return name;
    }

    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    void suspend() {
        Signals.send("STOP", process);
    }

    void resume() {
        Signals.send("CONT", process);
    }

    /** SIGTERM: it leaves its groups. @return its exit code */
    int terminate() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(STOP_PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new IllegalStateException("worker " + name + " did not end");
        }
        return process.exitValue();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
