package dev.tidemark.server.log.fetch;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.Collection;
import java.util.concurrent.TimeUnit;

/** The fetch path's meters. */
final class FetchMetrics {
    private final Counter tailRecords;
    private final Counter databaseRecords;
    private final Counter bytes;
    private final Counter hits;
    private final Counter misses;
    private final Counter hintMisses;
    private final Counter readAheadHits;
    private final Timer reads;
    private final Timer followed;
    private final MeterRegistry registry;

    FetchMetrics(MeterRegistry registry, Collection<?> waiting) {
        this.registry = registry;
        this.tailRecords = records(registry, "tail");
        this.databaseRecords = records(registry, "database");
        this.bytes = Counter.builder("tidemark.fetch.bytes")
                .description("Bytes of records read, as they travel")
                .baseUnit("bytes")
                .register(registry);
        this.hits = lookups(registry, "hit");
        this.misses = lookups(registry, "miss");
        this.hintMisses = Counter.builder("tidemark.fetch.hint.misses")
                .description(
                        "Reads whose records lay in other blocks than their batch rows say, so that the index was asked")
                .register(registry);
        this.readAheadHits = Counter.builder("tidemark.fetch.read.ahead.hits")
                .description("Reads of one partition that had been made, or begun, before they were asked for")
                .register(registry);
        this.reads = Timer.builder("tidemark.fetch.database")
                .description("A read of one partition from the database")
                .publishPercentiles(0.5, 0.99)
                .register(registry);
        this.followed = Timer.builder("tidemark.fetch.follow")
                .description("A read of what other servers have appended where somebody waits, for all who do")
                .publishPercentiles(0.5, 0.99)
                .register(registry);
        Gauge.builder("tidemark.fetch.waiting", waiting, Collection::size)
                .description("Fetches waiting at the log end")
                .register(registry);
    }

    private static Counter records(MeterRegistry registry, String source) {
        return Counter.builder("tidemark.fetch.records")
                .description("Records read for fetches")
                .tag("source", source)
                .register(registry);
    }

    private static Counter lookups(MeterRegistry registry, String result) {
        return Counter.builder("tidemark.fetch.cache.lookups")
                .description("Whether a partition's records were in the tail cache")
                .tag("result", result)
                .register(registry);
    }

    void tailHit(int recordCount, int byteCount) {
        hits.increment();
        tailRecords.increment(recordCount);
        bytes.increment(byteCount);
    }

    void databaseRead(int recordCount, int byteCount, long nanos) {
        misses.increment();
        databaseRecords.increment(recordCount);
        bytes.increment(byteCount);
        reads.record(nanos, TimeUnit.NANOSECONDS);
    }

    void followed(long nanos) {
        followed.record(nanos, TimeUnit.NANOSECONDS);
    }

    void watch(ReadAhead ahead) {
        Gauge.builder("tidemark.fetch.read.ahead", ahead, ReadAhead::reservedBytes)
                .description("Bytes of records being read, or held, before they are asked for")
                .baseUnit("bytes")
                .register(registry);
    }

    void readAheadHit() {
        readAheadHits.increment();
    }

    void hintMissed() {
        hintMisses.increment();
    }
}
