package dev.tidemark.server.group.offset;

import dev.tidemark.protocol.ErrorCode;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.concurrent.TimeUnit;

/** The meters of offset commits. */
final class CommitMetrics {
    private final MeterRegistry registry;
    private final Counter offsets;
    private final Timer transactions;
    private final Timer requests;

    CommitMetrics(MeterRegistry registry) {
        this.registry = registry;
        this.offsets = Counter.builder("tidemark.group.commit.offsets")
                .description("Offsets committed by HTTP")
                .register(registry);
        this.transactions = Timer.builder("tidemark.group.commit.transaction")
                .description("Database transactions that commit offsets")
                .publishPercentiles(0.5, 0.99)
                .register(registry);
        this.requests = Timer.builder("tidemark.group.commit.request")
                .description("From the queue to the answer")
                .publishPercentiles(0.5, 0.99)
                .register(registry);
    }

    void watch(CommitQueue queue) {
        Gauge.builder("tidemark.group.commit.queued", queue, CommitQueue::bytes)
                .description("Bytes of offset commits that wait, or are being done")
                .baseUnit("bytes")
                .register(registry);
    }

    void transaction(long nanos) {
        transactions.record(nanos, TimeUnit.NANOSECONDS);
    }

    void committed(int count, long nanos) {
        offsets.increment(count);
        requests.record(nanos, TimeUnit.NANOSECONDS);
    }

    void refused(ErrorCode error) {
        Counter.builder("tidemark.group.commit.refused.requests")
                .description("Offset commits that were refused, by error")
                .tag("error", error.name())
                .register(registry)
                .increment();
    }
}
