package dev.tidemark.server.log.fetch;

import dev.tidemark.server.log.tail.Tail;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks the database for the log ends somebody waits at, because other servers append too: one query for all of them, and none when nobody waits. */
final class LogEndPoller implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(LogEndPoller.class);

    private static final long EVERY_MS = 500;

    private final PartitionReader reader;
    private final Tail tail;
    private final AtomicBoolean underWay = new AtomicBoolean();

    LogEndPoller(PartitionReader reader, Tail tail) {
        this.reader = reader;
        this.tail = tail;
    }

    void start(ScheduledExecutorService timer, Executor readers) {
        timer.scheduleWithFixedDelay(() -> poll(readers), EVERY_MS, EVERY_MS, TimeUnit.MILLISECONDS);
    }

    private void poll(Executor readers) {
        if (underWay.compareAndSet(false, true)) {
            try {
                readers.execute(this);
            } catch (RejectedExecutionException e) {
                underWay.set(false);
            }
        }
    }

    @Override
    public void run() {
        try {
            List<Integer> listened = tail.listened();
            if (!listened.isEmpty()) {
                reader.observe(listened);
            }
        } catch (SQLException | RuntimeException e) {
            LOG.warn("log ends not polled: {}", e.toString());
        } finally {
            underWay.set(false);
        }
    }
}
