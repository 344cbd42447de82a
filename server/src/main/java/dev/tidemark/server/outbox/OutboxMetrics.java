package dev.tidemark.server.outbox;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The outbox's meters. */
final class OutboxMetrics {
    private final MeterRegistry registry;
    private final Counter records;
    private final Timer lag;
    private volatile StagedRecords.Backlog backlog = StagedRecords.Backlog.NONE;

    OutboxMetrics(MeterRegistry registry) {
        this.registry = registry;
        this.records = Counter.builder("tidemark.outbox.records")
                .description("Records produced in callers' transactions that this server has put into the log")
                .register(registry);
        this.lag = Timer.builder("tidemark.outbox.lag")
                .description(
                        "From the call of produce to the log; what the caller's transaction took after it included")
                .publishPercentiles(0.5, 0.99)
                .register(registry);
        dropped("topic_deleted", 0);
        dropped("not_storable", 0);
        Gauge.builder("tidemark.outbox.backlog.records", this, it -> it.backlog.records())
                .description("Committed records that wait to be put into the log, counted up to 100,000")
                .register(registry);
        Gauge.builder("tidemark.outbox.backlog.age", this, it -> it.backlog.oldestMs() / 1e3)
                .description("Since when the oldest of them is staged")
                .baseUnit("seconds")
                .register(registry);
        Gauge.builder("tidemark.outbox.table", this, it -> it.backlog.tableBytes())
                .description("What the staging tables take on disk, with what is in the log already")
                .baseUnit("bytes")
                .register(registry);
    }

    void sequenced(List<StagedRecord> sequenced, long nowMs) {
        records.increment(sequenced.size());
        sequenced.forEach(record -> lag.record(Math.max(0, nowMs - record.stagedAtMs()), TimeUnit.MILLISECONDS));
    }

    void dropped(String reason, int count) {
        Counter.builder("tidemark.outbox.dropped.records")
                .description("Staged records that could not be put into the log, by reason")
                .tag("reason", reason)
                .register(registry)
                .increment(count);
    }

    void measured(StagedRecords.Backlog measured) {
        backlog = measured;
    }
}
