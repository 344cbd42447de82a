package dev.tidemark.server.log.append;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.concurrent.TimeUnit;

/** The append path's meters. */
final class AppendMetrics {
    private final MeterRegistry registry;
    private final Counter records;
    private final Counter bytes;
    private final Counter duplicates;
    private final Counter stalled;
    private final DistributionSummary transactionRecords;
    private final Timer transactions;
    private final Timer commits;
    private final Timer queued;
    private final Counter throttledByQueue;

    AppendMetrics(MeterRegistry registry) {
        this.registry = registry;
        this.records = Counter.builder("tidemark.append.records")
                .description("Records committed")
                .register(registry);
        this.bytes = Counter.builder("tidemark.append.bytes")
                .description("Bytes of records committed, as they travel")
                .baseUnit("bytes")
                .register(registry);
        this.duplicates = Counter.builder("tidemark.append.duplicate.batches")
                .description("Batches answered with the offsets they already had")
                .register(registry);
        this.stalled = Counter.builder("tidemark.append.stalled.ended")
                .description("Sessions ended because their server stood still with a partition's lock")
                .register(registry);
        this.transactionRecords = DistributionSummary.builder("tidemark.append.transaction.records")
                .description("Records committed together: the group commit's size")
                .publishPercentiles(0.5, 0.99)
                .register(registry);
        this.transactions = Timer.builder("tidemark.append.transaction")
                .description("Reserve, COPY and COMMIT together")
                .publishPercentiles(0.5, 0.99)
                .register(registry);
        this.commits = Timer.builder("tidemark.append.commit")
                .description("COMMIT alone")
                .publishPercentiles(0.5, 0.99)
                .register(registry);
        this.throttledByQueue = Counter.builder("tidemark.append.throttled.requests")
                .description("Appends refused with 429 by a limit that protects the host")
                .tag("limit", "queue")
                .register(registry);
        this.queued = Timer.builder("tidemark.append.queue.time")
                .description("From the queue to the database transaction")
                .publishPercentiles(0.5, 0.99)
                .register(registry);
    }

    void watch(QueuedBytes queuedBytes) {
        Gauge.builder("tidemark.append.queued", queuedBytes, QueuedBytes::used)
                .description("Bytes of records waiting to be appended, or being appended")
                .baseUnit("bytes")
                .register(registry);
        Gauge.builder("tidemark.append.queued.max", queuedBytes, QueuedBytes::max)
                .description("Bytes of records that may wait or be appended")
                .baseUnit("bytes")
                .register(registry);
    }

    void committed(long nanos) {
        commits.record(nanos, TimeUnit.NANOSECONDS);
    }

    void transaction(long nanos, long recordCount, long byteCount) {
        transactions.record(nanos, TimeUnit.NANOSECONDS);
        transactionRecords.record(recordCount);
        records.increment(recordCount);
        bytes.increment(byteCount);
    }

    void waited(long nanos) {
        queued.record(nanos, TimeUnit.NANOSECONDS);
    }

    void queueFull() {
        throttledByQueue.increment();
    }

    void duplicate() {
        duplicates.increment();
    }

    void stalledAppendEnded() {
        stalled.increment();
    }

    void refused(String error) {
        Counter.builder("tidemark.append.refused.batches")
                .description("Batches that were not appended, by error")
                .tag("error", error)
                .register(registry)
                .increment();
    }
}
