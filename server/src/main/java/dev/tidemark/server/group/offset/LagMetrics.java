package dev.tidemark.server.group.offset;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How far groups are behind, read when metrics are, with one query at most every few seconds. While the database cannot be asked there are no series: old ones
 * would be taken for true.
 */
final class LagMetrics implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LagMetrics.class);

    /** Series of each gauge; where there would be more, those furthest behind are shown. */
    static final int MAX_SERIES = 1_000;

    private static final Duration EVERY = Duration.ofSeconds(5);

    /** No more than so large a part of a database session's time. */
    private static final int REST = 20;

    private static final Duration PATIENCE = Duration.ofSeconds(1);

    private final GroupCatalogue catalogue;
    private final MultiGauge records;
    private final MultiGauge seconds;
    private final ExecutorService thread = Executors.newSingleThreadExecutor(LagMetrics::thread);
    private volatile int leftOut;

    /** Guarded by this. */
    private @Nullable Future<?> reading;
    /** Guarded by this. */
    private long nextAtNanos = System.nanoTime();

    LagMetrics(GroupCatalogue catalogue, MeterRegistry registry) {
        this.catalogue = catalogue;
        this.records = MultiGauge.builder("tidemark.group.lag.records")
                .description(
                        "Records between a group's committed offset and the log end; of the 1,000 partitions furthest behind")
                .register(registry);
        this.seconds = MultiGauge.builder("tidemark.group.lag")
                .description(
                        "How long ago the first record was appended that a group has not committed; 0 when there is none")
                .baseUnit("seconds")
                .register(registry);
        Gauge.builder("tidemark.group.lag.partitions.omitted", this, metrics -> metrics.leftOut)
                .description("1 when groups have more partitions than lag is shown of")
                .register(registry);
    }

    private static Thread thread(Runnable work) {
        Thread thread = new Thread(work, "group-lag");
        thread.setDaemon(true);
        return thread;
    }

    void refresh() {
        Future<?> read = begin();
        if (read == null) {
            return;
        }
        try {
            read.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException slow) {
            LOG.debug("lag is not read yet");
        } catch (ExecutionException failure) {
            throw new IllegalStateException(failure);
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized @Nullable Future<?> begin() {
        if (thread.isShutdown() || (reading != null && reading.isDone() && System.nanoTime() - nextAtNanos < 0)) {
            return null;
        }
        if (reading == null || reading.isDone()) {
            reading = thread.submit(this::read);
        }
        return reading;
    }

    private void read() {
        long startNanos = System.nanoTime();
        try {
            show(catalogue.progress(null, MAX_SERIES + 1));
        } catch (RuntimeException failure) {
            LOG.warn("lag was not read, to be tried again: {}", failure.toString());
            show(List.of());
        }
        long endNanos = System.nanoTime();
        synchronized (this) {
            nextAtNanos = endNanos + Math.max(EVERY.toNanos(), (endNanos - startNanos) * REST);
        }
    }

    private void show(List<GroupDetails.Progress> all) {
        leftOut = all.size() > MAX_SERIES ? 1 : 0;
        List<GroupDetails.Progress> shown = all.stream()
                .filter(progress -> progress.lag() != null)
                .limit(MAX_SERIES)
                .toList();
        records.register(shown.stream().map(LagMetrics::lag).toList(), true);
        seconds.register(shown.stream().map(LagMetrics::timeLag).toList(), true);
    }

    private static MultiGauge.Row<?> lag(GroupDetails.Progress progress) {
        Long lag = progress.lag();
        return MultiGauge.Row.of(tags(progress), lag == null ? 0 : lag);
    }

    private static MultiGauge.Row<?> timeLag(GroupDetails.Progress progress) {
        Long lagMs = progress.lagMs();
        return MultiGauge.Row.of(tags(progress), lagMs == null ? 0 : lagMs / 1000.0);
    }

    private static Tags tags(GroupDetails.Progress progress) {
        return Tags.of(
                "group", progress.group(),
                "topic", progress.topic(),
                "partition", Integer.toString(progress.partition()));
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
