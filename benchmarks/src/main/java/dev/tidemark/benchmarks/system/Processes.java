package dev.tidemark.benchmarks.system;

import java.util.List;
import java.util.concurrent.TimeUnit;

/** Ends processes within a bound. */
final class Processes {
    private static final long STOP_S = 30;

    private Processes() {}

    /** Asks the process to end, then ends it and what it started. */
    static void stop(Process process) {
        List<ProcessHandle> descendants = process.descendants().toList();
        process.destroy();
        try {
            if (!process.waitFor(STOP_S, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        descendants.forEach(ProcessHandle::destroy);
    }
}
