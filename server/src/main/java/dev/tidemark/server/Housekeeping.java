package dev.tidemark.server;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Slow work that nobody waits for, on one thread. A round that fails is tried again with the next. */
final class Housekeeping implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Housekeeping.class);
    private static final Duration STOP_WITHIN = Duration.ofSeconds(2);

    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(Housekeeping::thread);

    /**
     * @param round must end by itself, and leave nothing half done when interrupted
     */
    Housekeeping(Runnable round, Duration every) {
        thread.scheduleWithFixedDelay(() -> run(round), every.toMillis(), every.toMillis(), TimeUnit.MILLISECONDS);
    }

    private static Thread thread(Runnable work) {
        Thread thread = new Thread(work, "housekeeping");
        thread.setDaemon(true);
        return thread;
    }

    private static void run(Runnable round) {
        try {
            round.run();
        } catch (RuntimeException failure) {
            LOG.warn("housekeeping failed, to be tried again reason=\"{}\"", failure.getMessage());
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
        try {
            if (!thread.awaitTermination(STOP_WITHIN.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.warn("housekeeping did not stop within_ms={}", STOP_WITHIN.toMillis());
            }
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        }
    }
}
