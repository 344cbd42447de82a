package dev.tidemark.benchmarks.system;

import dev.tidemark.benchmarks.measure.ProcessTable;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A client process that lives through all rounds and runs one main at a time. Not thread-safe. */
public final class WarmJvm implements AutoCloseable {
    private static final long MAIN_TIMEOUT_S = 300;

    /** What Kafka's own start scripts give its tools, for everybody: the heap, and G1 with these settings. */
    static final List<String> CLIENT_OPTIONS =
            List.of("-Xmx512m", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35");

    private final Process process;
    private final Path log;
    private final PrintWriter commands;

    /** Empty at the end of the output. */
    private final BlockingQueue<Optional<String>> answers = new LinkedBlockingQueue<>();

    private WarmJvm(Process process, Path log) {
        this.process = process;
        this.log = log;
        this.commands = new PrintWriter(process.outputWriter(StandardCharsets.UTF_8), true);
    }

    public static WarmJvm start(String role, List<Path> classpath, Path directory) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Java.executable());
        command.addAll(CLIENT_OPTIONS);
        command.addAll(List.of("-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", Java.classpath(classpath)));
        command.add(JvmHost.class.getName());
        Path log = directory.resolve(role + ".log");
        Process process =
                new ProcessBuilder(command).redirectError(log.toFile()).start();
        WarmJvm jvm = new WarmJvm(process, log);
        Thread reader = new Thread(jvm::readAnswers, role + "-answers");
        reader.setDaemon(true);
        reader.start();
        return jvm;
    }

    private void readAnswers() {
        try (BufferedReader in = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                answers.add(Optional.of(line));
            }
        } catch (IOException e) {
            // The process is gone: the same as its end.
        }
        answers.add(Optional.empty());
    }

    /**
     * Runs a main and gives the lines it printed.
     *
     * @throws IOException when it failed, took over 5 minutes, or ended the process; its errors are in the log the message names
     */
    public List<String> run(String mainClass, List<String> arguments) throws IOException, InterruptedException {
        commands.println(mainClass + "\t" + String.join("\t", arguments));
        String status = next(mainClass);
        if (!status.startsWith("ok ")) {
            throw failure(mainClass, "failed");
        }
        int count = Integer.parseInt(status.substring(3));
        List<String> lines = new ArrayList<>(count);
        while (lines.size() < count) {
            lines.add(next(mainClass));
        }
        return lines;
    }

    private String next(String mainClass) throws IOException, InterruptedException {
        Optional<String> line = answers.poll(MAIN_TIMEOUT_S, TimeUnit.SECONDS);
        if (line == null) {
            throw failure(mainClass, "was silent for " + MAIN_TIMEOUT_S + " s");
        }
        return line.orElseThrow(() -> failure(mainClass, "ended its process"));
    }

    private IOException failure(String mainClass, String what) {
        return new IOException(mainClass + " " + what + "; the end of " + log + ":\n" + LogTail.of(log));
    }

    public FlightRecorder flightRecorder() {
        return new FlightRecorder(process.pid());
    }

    /** CPU seconds this process has used; NaN where there is no /proc. */
    public double cpuSeconds(ProcessTable processes) {
        return processes.cpuSeconds(process.pid());
    }

    @Override
    public void close() {
        Processes.stop(process);
    }
}
