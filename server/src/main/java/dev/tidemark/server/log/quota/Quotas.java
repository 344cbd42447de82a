package dev.tidemark.server.log.quota;

import dev.tidemark.server.postgres.Database;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** The door to quotas: every append asks here whether the host has room for it. Thread-safe; {@link #admit} waits for nothing. */
public final class Quotas implements AutoCloseable {
    /** A full log is measured again in that time, and housekeeping drops deleted topics about as often. */
    private static final Duration RETRY_WHEN_FULL = Duration.ofSeconds(10);

    private final @Nullable ByteRate rate;
    private final LogSize size;
    private final LogMeasurement measurement;
    private final Counter throttledByRate;
    private final Counter throttledBySize;

    /**
     * What appends may take. 0 everywhere means no bound.
     *
     * @param maxAppendBytesPerSecond of records as they travel, over this server
     * @param maxLogBytes on disk, over all servers
     * @param maxSegments tables, past which no partition gets its first one
     */
    public record Limits(long maxAppendBytesPerSecond, long maxLogBytes, int maxSegments) {
        public static final Limits NONE = new Limits(0, 0, 0);

        public Limits {
            if (maxAppendBytesPerSecond < 0 || maxLogBytes < 0 || maxSegments < 0) {
                throw new IllegalArgumentException("quotas must not be negative");
            }
        }
    }

    /** Begins to measure the log. */
    public Quotas(Database database, Limits limits, MeterRegistry registry) {
        this.rate = limits.maxAppendBytesPerSecond() == 0
                ? null
                : new ByteRate(limits.maxAppendBytesPerSecond(), System::nanoTime);
        this.size = new LogSize(limits.maxLogBytes());
        this.throttledByRate = throttled(registry, "rate");
        this.throttledBySize = throttled(registry, "log_size");
        register(registry, limits);
        this.measurement = new LogMeasurement(database, size);
    }

    private static Counter throttled(MeterRegistry registry, String limit) {
        return Counter.builder("tidemark.append.throttled.requests")
                .description("Appends refused with 429 by a limit that protects the host")
                .tag("limit", limit)
                .register(registry);
    }

    private void register(MeterRegistry registry, Limits limits) {
        bytes(registry, "tidemark.log.disk", "What the log takes on disk, as measured last", LogSize::usedBytes);
        bytes(registry, "tidemark.log.disk.max", "What the log may take on disk; 0: no bound", LogSize::maxBytes);
        count(registry, "tidemark.log.full", "1 while appends are refused because of it", s -> s.isFull() ? 1 : 0);
        count(registry, "tidemark.log.topics", "Topics", s -> s.measured().topics());
        count(
                registry,
                "tidemark.log.segments",
                "Segments: tables",
                s -> s.measured().segments());
        count(
                registry,
                "tidemark.log.segments.max",
                "Segments past which partitions get no first one; 0: no bound",
                s -> limits.maxSegments());
        count(
                registry,
                "tidemark.log.retired.segments",
                "Segments of deleted topics, to be dropped",
                s -> s.measured().retiredSegments());
        bytes(
                registry,
                "tidemark.append.rate.max",
                "Appended a second at the most; 0: no bound",
                s -> limits.maxAppendBytesPerSecond());
    }

    private void bytes(MeterRegistry registry, String name, String description, ToDoubleFunction<LogSize> value) {
        Gauge.builder(name, size, value)
                .description(description)
                .baseUnit("bytes")
                .register(registry);
    }

    private void count(MeterRegistry registry, String name, String description, ToDoubleFunction<LogSize> value) {
        Gauge.builder(name, size, value).description(description).register(registry);
    }

    /**
     * Admits an append, and counts it.
     *
     * @param wireBytes of its records as they travel
     * @param rowBytes what their rows take, about
     * @throws ThrottledException nothing was counted
     */
    public void admit(long wireBytes, long rowBytes) {
        if (size.isFull()) {
            throttledBySize.increment();
            throw new ThrottledException(
                    "the log takes " + size.usedBytes() + " bytes on disk, of " + size.maxBytes()
                            + "; appends are accepted again below " + size.reopenBytes()
                            + ", for example when topics have been deleted",
                    RETRY_WHEN_FULL);
        }
        if (rate != null) {
            Duration wait = rate.take(wireBytes);
            if (!wait.isZero()) {
                throttledByRate.increment();
                throw new ThrottledException(
                        "the server appends " + rate.bytesPerSecond() + " bytes a second at the most; try again in "
                                + wait.toMillis() + " ms",
                        wait);
            }
        }
        size.append(rowBytes);
    }

    /** Stops measuring. */
    @Override
    public void close() {
        measurement.close();
    }
}
