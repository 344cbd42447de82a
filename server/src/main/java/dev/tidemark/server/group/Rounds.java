package dev.tidemark.server.group;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The same work again and again, on a thread of its own. A round that fails is followed by the next; the log has the first failure, and when it is over. */
final class Rounds implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Rounds.class);
    private static final Duration STOP_WITHIN = Duration.ofSeconds(2);

    private final String name;
    private final Duration every;
    private final Runnable round;
    private final GroupMetrics metrics;
    private final ScheduledExecutorService thread;

    // On the thread only.
    private boolean failing;

    /** @param round must end by itself */
    Rounds(String name, Duration every, Runnable round, GroupMetrics metrics) {
        this.name = name;
        this.every = every;
        this.round = round;
        this.metrics = metrics;
        this.thread = Executors.newSingleThreadScheduledExecutor(this::thread);
    }

    private Thread thread(Runnable work) {
        Thread made = new Thread(work, name);
        made.setDaemon(true);
        return made;
    }

    void start() {
        thread.scheduleWithFixedDelay(this::run, every.toMillis(), every.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void run() {
        try {
            round.run();
            if (failing) {
                LOG.info("groups are watched again thread={}", name);
            }
            failing = false;
        } catch (RuntimeException | Error failure) {
            metrics.watchFailed();
            if (!failing) {
                LOG.warn(
                        "groups cannot be watched, to be tried again thread={} reason=\"{}\"",
                        name,
                        GroupNames.shown(String.valueOf(failure.getMessage())));
            }
            failing = true;
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
        try {
            if (!thread.awaitTermination(STOP_WITHIN.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.warn("watching groups did not stop thread={} within_ms={}", name, STOP_WITHIN.toMillis());
            }
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        }
    }
}
