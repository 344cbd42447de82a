package dev.tidemark.benchmarks.system;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Ends processes within a bound. */
final class Processes {
    private static final long STOP_S = 30;

    private Processes() {}

    /** Asks the process to end, then ends it and what it had started. */
    static void stop(Process process) {
        List<ProcessHandle> family = new ArrayList<>(process.descendants().toList());
        process.destroy();
        awaitEnd(List.of(process.toHandle()));
        process.destroyForcibly();
        family.forEach(ProcessHandle::destroyForcibly);
    }

    /** Does the same to everything this process has started, all at once. */
    static void stopDescendants() {
        List<ProcessHandle> descendants = ProcessHandle.current().descendants().toList();
        ProcessHandle.current().children().forEach(ProcessHandle::destroy);
        awaitEnd(descendants);
        descendants.forEach(ProcessHandle::destroyForcibly);
    }

    private static void awaitEnd(List<ProcessHandle> processes) {
        CompletableFuture<?>[] ends =
                processes.stream().map(ProcessHandle::onExit).toArray(CompletableFuture[]::new);
        try {
            CompletableFuture.allOf(ends).get(STOP_S, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            // Their time is over; the caller ends them.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
