package dev.tidemark.server.cluster;

import dev.tidemark.server.log.tail.Tail;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells other servers by NOTIFY how far this one has appended: on a thread and a connection of its own, never in an appending transaction, whose commit
 * would wait for every other one that notifies. What comes within {@link #EVERY} goes out together.
 */
final class NoticeSender implements Runnable, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NoticeSender.class);

    static final Duration EVERY = Duration.ofMillis(2);

    /** Above what one notice holds; then which partitions they are no longer matters. */
    private static final int MAX_PARTITIONS = 2_000;

    private static final Duration STOP_WITHIN = Duration.ofSeconds(2);

    /** Nobody waits for the notice to be on disk: what it tells of is. */
    private static final String NOTIFY = "select set_config('synchronous_commit', 'off', true), pg_notify(?, ?)";

    private final ConnectionSource connections;
    private final String channel;
    private final String sender;
    private final ClusterMetrics metrics;
    private final Thread thread = new Thread(this, "cluster-notices");
    private final Retries retries = new Retries();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private Map<Integer, Long> ends = new HashMap<>();
    private boolean everywhere;
    private boolean stopped;

    private volatile boolean needed;
    private @Nullable Connection connection;

    NoticeSender(ConnectionSource connections, String channel, String sender, ClusterMetrics metrics) {
        this.connections = connections;
        this.channel = channel;
        this.sender = sender;
        this.metrics = metrics;
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** Whether anybody is there to be told. */
    void needed(boolean isNeeded) {
        needed = isNeeded;
    }

    /** Called by those who append: costs them a look at one field where there is nobody to tell. */
    void appended(List<Tail.Batch> batches) {
        if (needed && !batches.isEmpty()) {
            add(batches);
        }
    }

    private void add(List<Tail.Batch> batches) {
        lock.lock();
        try {
            boolean idle = isIdle();
            for (Tail.Batch batch : batches) {
                ends.merge(batch.partitionId(), batch.endOffset(), Math::max);
            }
            boundEnds();
            if (idle) {
                changed.signal();
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean isIdle() {
        return ends.isEmpty() && !everywhere;
    }

    private void boundEnds() {
        if (ends.size() > MAX_PARTITIONS) {
            ends.clear();
            everywhere = true;
        }
    }

    @Override
    public void run() {
        try {
            for (Notice notice = next(); notice != null; notice = next()) {
                Duration pause = send(notice);
                TimeUnit.NANOSECONDS.sleep(pause.toNanos());
            }
        } catch (InterruptedException closing) {
            // As it was told to.
        } finally {
            disconnect();
        }
    }

    /** Waits for something to tell; null when there will be nothing more. */
    private @Nullable Notice next() throws InterruptedException {
        lock.lock();
        try {
            while (isIdle() && !stopped) {
                changed.await();
            }
            if (stopped) {
                return null;
            }
            Notice notice = everywhere ? Notice.everywhere(sender) : new Notice(sender, ends, false);
            ends = new HashMap<>();
            everywhere = false;
            return notice;
        } finally {
            lock.unlock();
        }
    }

    /** @return how long to gather before the next */
    private Duration send(Notice notice) {
        try {
            if (connection == null) {
                connection = connections.open();
            }
            try (PreparedStatement notify = connection.prepareStatement(NOTIFY)) {
                notify.setString(1, channel);
                notify.setString(2, notice.payload());
                notify.execute();
            }
            metrics.sent();
            retries.succeeded();
            return EVERY;
        } catch (SQLException failure) {
            if (retries.isFirst()) {
                LOG.warn("other servers not told of appends, to be tried again: {}", failure.toString());
            }
            metrics.sendFailed();
            disconnect();
            keep(notice);
            return retries.failed();
        }
    }

    private void keep(Notice notice) {
        lock.lock();
        try {
            notice.ends().forEach((partitionId, end) -> ends.merge(partitionId, end, Math::max));
            everywhere |= notice.isEverywhere();
            boundEnds();
        } finally {
            lock.unlock();
        }
    }

    private void disconnect() {
        Connection open = connection;
        connection = null;
        if (open != null) {
            try {
                open.close();
            } catch (SQLException broken) {
                LOG.debug("a broken connection did not close", broken);
            }
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            stopped = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        thread.interrupt();
        try {
            thread.join(STOP_WITHIN.toMillis());
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        }
    }
}
