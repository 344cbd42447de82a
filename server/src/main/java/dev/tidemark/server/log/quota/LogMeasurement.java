package dev.tidemark.server.log.quota;

import dev.tidemark.schema.tidemark_internal.Routines;
import dev.tidemark.server.postgres.Database;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks now and then what the log takes. Of all servers one measures at a time, and the others get its figures; how often is up to PostgreSQL, which takes
 * no more than a fiftieth of a session's time for it ({@code measure_log}).
 */
final class LogMeasurement implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LogMeasurement.class);

    /** Where the size bounds nothing it is only shown. */
    private static final Duration EVERY = Duration.ofSeconds(5);

    private static final Duration EVERY_UNBOUNDED = Duration.ofSeconds(60);
    private static final Duration STOP_WITHIN = Duration.ofSeconds(2);

    private final Database database;
    private final LogSize size;
    private final Duration every;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(LogMeasurement::thread);
    private long appendedAtLastLook;

    LogMeasurement(Database database, LogSize size) {
        this.database = database;
        this.size = size;
        this.every = size.maxBytes() == 0 ? EVERY_UNBOUNDED : EVERY;
        thread.scheduleWithFixedDelay(this::look, 0, every.toMillis(), TimeUnit.MILLISECONDS);
    }

    private static Thread thread(Runnable work) {
        Thread thread = new Thread(work, "log-size");
        thread.setDaemon(true);
        return thread;
    }

    private void look() {
        try {
            long appendedBefore = size.appended();
            var rows = database.query(jooq -> Routines.measureLog(jooq.configuration(), (int) every.toMillis()));
            for (var row : rows) {
                // Measured by another server, or earlier: what this one has appended since the last look may be missing
                // in it.
                long appendedThen = row.getAgeMs() < every.toMillis() / 2 ? appendedBefore : appendedAtLastLook;
                size.measured(
                        new LogFigures(
                                row.getDiskBytes(), row.getTopics(), row.getSegments(), row.getRetiredSegments()),
                        appendedThen);
            }
            appendedAtLastLook = appendedBefore;
        } catch (RuntimeException failure) {
            LOG.warn("the log's size was not measured, to be tried again: {}", failure.toString());
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
        try {
            if (!thread.awaitTermination(STOP_WITHIN.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.warn("log-size did not stop within_ms={}", STOP_WITHIN.toMillis());
            }
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        }
    }
}
