package dev.tidemark.embedded;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A program run to its end. */
final class Command {
    /** initdb takes half a second; a disk that makes it a hundred times slower is no place for a log. */
    private static final long TIMEOUT_SECONDS = 60;

    private Command() {}

    record Result(int exitCode, String output) {
        boolean succeeded() {
            return exitCode == 0;
        }

        /** What it said last, on either stream: programs that fail say why there. */
        String lastLine() {
            return output.lines().filter(line -> !line.isBlank()).reduce("", (first, second) -> second);
        }
    }

    /** Never throws: a program that is not there, or does not end in time, is a failed one that says so. */
    static Result run(List<String> command) {
        Path output = null;
        try {
            // A file, not a pipe: nothing to read while waiting, so that waiting has a bound.
            output = Files.createTempFile("tidemark", ".out");
            return run(command, output);
        } catch (IOException failure) {
            return new Result(127, String.valueOf(failure.getMessage()));
        } finally {
            if (output != null) {
                output.toFile().delete();
            }
        }
    }

    private static Result run(List<String> command, Path output) throws IOException {
        Process process = start(command, output);
        try {
            if (process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
                return new Result(process.exitValue(), Files.readString(output));
            }
            return new Result(124, command.get(0) + " did not end within " + TIMEOUT_SECONDS + " s");
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            return new Result(130, "interrupted");
        } finally {
            process.destroyForcibly();
        }
    }

    /**
     * Starts a program that is given nothing of ours: it stands in a folder everybody can reach, and sees no variable that would lead PostgreSQL
     * elsewhere.
     */
    static Process start(List<String> command, Path output) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(new File("/"))
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        String path = builder.environment().get("PATH");
        builder.environment().clear();
        builder.environment().put("PATH", path == null ? "/usr/bin:/bin" : path);
        builder.environment().put("LC_ALL", "C");
        Process process = builder.start();
        process.getOutputStream().close();
        return process;
    }

    /** Sends a signal such as INT. Java only knows TERM and KILL, and every shell knows the rest. */
    static void signal(long pid, String signal) {
        run(List.of("sh", "-c", "kill -" + signal + " " + pid));
    }
}
