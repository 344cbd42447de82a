package dev.tidemark.benchmarks.load;

import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Runs loops side by side, a thread each. */
final class Together {
    private Together() {}

    /**
     * Returns when all have ended.
     *
     * @return seconds from the start of the first to the end of the last
     * @throws Exception what the first that failed threw
     */
    static double run(List<? extends Callable<Void>> loops) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(loops.size());
        try {
            long start = System.nanoTime();
            for (Future<Void> loop : threads.invokeAll(loops)) {
                loop.get();
            }
            return (System.nanoTime() - start) / 1e9;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        } finally {
            threads.shutdownNow();
        }
    }
}
