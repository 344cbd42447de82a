package dev.tidemark.server.cluster;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Says about once a second that this server lives, and hears who else does. On a thread of its own, over pooled connections; nobody waits for it. */
final class Presence implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Presence.class);

    private static final Duration EVERY = Duration.ofSeconds(1);
    private static final int BEATS_BETWEEN_CLEANINGS = 10;
    private static final Duration LEAVE_WITHIN = Duration.ofSeconds(2);

    private final ServerBeats beats;
    private final Member self;
    private final BooleanSupplier listens;
    private final BeatNews news;
    private final Consumer<List<LiveServer>> heard;
    private final ClusterMetrics metrics;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(Presence::thread);

    // On the thread only.
    private long number;
    private boolean failing;

    /**
     * @param listens whether this server hears what others tell
     * @param news what it says beside
     * @param heard told after each beat who lives
     */
    Presence(
            ServerBeats beats,
            Member self,
            BooleanSupplier listens,
            BeatNews news,
            Consumer<List<LiveServer>> heard,
            ClusterMetrics metrics) {
        this.beats = beats;
        this.self = self;
        this.listens = listens;
        this.news = news;
        this.heard = heard;
        this.metrics = metrics;
    }

    private static Thread thread(Runnable work) {
        Thread thread = new Thread(work, "cluster-presence");
        thread.setDaemon(true);
        return thread;
    }

    /** Returns after the first beat, which may have failed. */
    void start() {
        await(thread.submit(this::beat));
        thread.scheduleAtFixedRate(this::beat, EVERY.toMillis(), EVERY.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void beat() {
        try {
            news.gather();
            List<LiveServer> servers = beats.beat(self, listens.getAsBoolean(), news.memberNos(), news.msAgo());
            news.told();
            heard.accept(servers);
            if (failing) {
                LOG.info("server is heard again server_id={}", self.id());
            }
            failing = false;
            if (number++ % BEATS_BETWEEN_CLEANINGS == 0) {
                beats.dropOld(number == 1);
            }
        } catch (RuntimeException failure) {
            metrics.beatFailed();
            if (!failing) {
                LOG.warn(
                        "server cannot say that it lives, to be tried every second reason=\"{}\"",
                        failure.getMessage());
            }
            failing = true;
        }
    }

    /** Takes this server out of the list at once; where the database does not answer, others find out by themselves. */
    @Override
    public void close() {
        try {
            Future<?> left = thread.submit(() -> beats.leave(self));
            thread.shutdown();
            await(left);
        } catch (RejectedExecutionException closedBefore) {
            return;
        }
        thread.shutdownNow();
    }

    private static void await(Future<?> done) {
        try {
            done.get(LEAVE_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException failure) {
            LOG.warn("the list of servers was not updated in time reason=\"{}\"", failure.toString());
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        }
    }
}
