package dev.tidemark.benchmarks.system;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** JDK Flight Recorder in another JVM of this user, told what to do by jcmd. */
public final class FlightRecorder {
    private static final long TIMEOUT_S = 60;
    private static final String RECORDING = "name=benchmark";

    private final long pid;

    FlightRecorder(long pid) {
        this.pid = pid;
    }

    public void start() throws IOException, InterruptedException {
        // A run takes seconds: sample four times as often as the profile would.
        jcmd("JFR.start", RECORDING, "settings=profile", "jdk.ExecutionSample#period=5ms");
    }

    /** @param file to write the recording to */
    public void stop(Path file) throws IOException, InterruptedException {
        jcmd("JFR.stop", RECORDING, "filename=" + file);
    }

    private void jcmd(String... words) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(), Long.toString(pid)));
        command.addAll(List.of(words));
        Process process = new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        if (!process.waitFor(TIMEOUT_S, TimeUnit.SECONDS) || process.exitValue() != 0) {
            process.destroyForcibly();
            throw new IOException(String.join(" ", command) + " failed");
        }
    }
}
