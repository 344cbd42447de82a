package dev.tidemark.server.log.quota;

import dev.tidemark.schema.tidemark_internal.Routines;
import dev.tidemark.server.postgres.Database;
import java.time.Duration;
import java.util.UUID;
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

    /** A word of this server's that the log is full holds for that long: then it has said it again, or is gone. */
    static final Duration FULL_FOR = EVERY.multipliedBy(3);

    /** A lease that is no work: while it lasts {@code tidemark.produce} refuses records, as the Appender does. */
    private static final String FULL = "log full";

    /** Not one server's: any of them may say it again. */
    private static final UUID HOLDER = new UUID(0, 0);

    private static final Duration STOP_WITHIN = Duration.ofSeconds(2);

    private final Database database;
    private final LogSize size;
    private final Duration every;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(LogMeasurement::thread);
    private long appendedAtLastLook;
    private boolean hasSaidFull;

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
            tell(size.isFull());
        } catch (RuntimeException failure) {
            LOG.warn("the log's size was not measured, to be tried again: {}", failure.toString());
        }
    }

    /** Callers of {@code tidemark.produce} know no server's settings. */
    private void tell(boolean full) {
        if (full || hasSaidFull) {
            int holdsMs = full ? (int) FULL_FOR.toMillis() : 0;
            database.query(jooq -> Routines.claimHousekeeping(jooq.configuration(), FULL, HOLDER, holdsMs));
            hasSaidFull = full;
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
