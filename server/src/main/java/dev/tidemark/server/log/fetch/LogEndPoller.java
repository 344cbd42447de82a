package dev.tidemark.server.log.fetch;

import dev.tidemark.server.log.tail.Tail;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the database for the log ends somebody waits at, because other servers append too: one query for all of them, and none when nobody waits. Other
 * servers' notices make most of it unnecessary; that one got lost costs no more than a period.
 */
final class LogEndPoller implements Runnable {
    static final Duration USUAL_PERIOD = Duration.ofMillis(500);

    private static final Logger LOG = LoggerFactory.getLogger(LogEndPoller.class);

    private final PartitionReader reader;
    private final Tail tail;
    private final ScheduledExecutorService timer;
    private final Executor readers;
    /** Polls asked for and not yet made. */
    private final AtomicInteger asked = new AtomicInteger();

    private volatile long periodNanos = USUAL_PERIOD.toNanos();

    LogEndPoller(PartitionReader reader, Tail tail, ScheduledExecutorService timer, Executor readers) {
        this.reader = reader;
        this.tail = tail;
        this.timer = timer;
        this.readers = readers;
    }

    void start() {
        try {
            timer.schedule(this::tick, periodNanos, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException stopping) {
            // Nobody will wait any more.
        }
    }

    private void tick() {
        // One at a time: where a poll takes longer than a period, the next one is late.
        if (asked.get() == 0) {
            poll();
        }
        start();
    }

    void every(Duration period) {
        periodNanos = period.toNanos();
    }

    /** Asks once more when a poll is under way: it may have asked before what this is about. */
    void poll() {
        if (asked.getAndIncrement() == 0) {
            try {
                readers.execute(this);
            } catch (RejectedExecutionException e) {
                asked.set(0);
            }
        }
    }

    @Override
    public void run() {
        int seen;
        do {
            seen = asked.get();
            observe();
        } while (!asked.compareAndSet(seen, 0));
    }

    private void observe() {
        try {
            List<Integer> listened = tail.listened();
            if (!listened.isEmpty()) {
                reader.observe(listened);
            }
        } catch (SQLException | RuntimeException e) {
            LOG.warn("log ends not polled: {}", e.toString());
        }
    }
}
