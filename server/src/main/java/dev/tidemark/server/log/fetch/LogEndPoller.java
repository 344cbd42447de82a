package dev.tidemark.server.log.fetch;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the database for the log ends somebody waits at, because other servers append too: one query for all of them. Other servers' notices make most of it
 * unnecessary; that one got lost costs no more than a period. The query also tells when PostgreSQL has been restarted or put back, so that what is remembered
 * of the log is not believed for longer than a period.
 */
final class LogEndPoller {
    static final Duration USUAL_PERIOD = Duration.ofMillis(500);

    private static final Logger LOG = LoggerFactory.getLogger(LogEndPoller.class);

    private final PartitionReader reader;
    private final Supplier<List<Integer>> awaited;
    private final ScheduledExecutorService timer;
    private final OneAtATime polls;

    /** Whether the last poll failed: said once, not twice a second for as long as PostgreSQL is away. Of the poll under way. */
    private boolean failing;

    /** When the database was asked last. Of the poll under way, too. */
    private long askedNanos = System.nanoTime();

    private volatile long periodNanos = USUAL_PERIOD.toNanos();

    /** @param awaited the partitions at whose ends somebody waits */
    LogEndPoller(
            PartitionReader reader, Supplier<List<Integer>> awaited, ScheduledExecutorService timer, Executor readers) {
        this.reader = reader;
        this.awaited = awaited;
        this.timer = timer;
        this.polls = new OneAtATime(readers, this::observe);
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
        if (!polls.isUnderWay()) {
            poll();
        }
        start();
    }

    void every(Duration period) {
        periodNanos = period.toNanos();
    }

    /** Asks once more when a poll is under way: it may have asked before what this is about. */
    void poll() {
        polls.ask();
    }

    private void observe() {
        List<Integer> partitionIds = awaited.get();
        // Also when nobody waits, though then no oftener than usual: PostgreSQL says whether it is the one that what is
        // remembered came from.
        if (partitionIds.isEmpty() && System.nanoTime() - askedNanos < USUAL_PERIOD.toNanos() / 2) {
            return;
        }
        askedNanos = System.nanoTime();
        try {
            reader.observe(partitionIds);
            if (failing) {
                failing = false;
                LOG.info("log ends are polled again");
            }
        } catch (SQLException | RuntimeException e) {
            if (!failing) {
                failing = true;
                LOG.warn("log ends not polled until further notice: {}", e.toString());
            }
        }
    }
}
