package dev.tidemark.server.group;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.IntSupplier;

/** The meters of consumer groups. */
final class GroupMetrics {
    private final MeterRegistry registry;
    private final Counter rebalances;
    private final Counter joins;
    private final Counter fromMemory;
    private final Counter fromDatabase;
    private final Counter watchFailures;
    private final Timer transactions;
    private final Map<Departure.Reason, Counter> departures = new EnumMap<>(Departure.Reason.class);

    GroupMetrics(MeterRegistry registry) {
        this.registry = registry;
        this.rebalances = counter("tidemark.group.rebalances", "Generations that this server has begun")
                .register(registry);
        this.joins = counter("tidemark.group.joins", "Members that have joined by way of this server")
                .register(registry);
        this.fromMemory = heartbeats("memory");
        this.fromDatabase = heartbeats("database");
        this.watchFailures = counter(
                        "tidemark.group.watch.failures",
                        "Times this server could not ask the database whom others have heard and what has changed")
                .register(registry);
        this.transactions = Timer.builder("tidemark.group.transaction")
                .description("Database transactions that change groups, the wait for the group's lock included")
                .publishPercentiles(0.5, 0.99)
                .register(registry);
        for (Departure.Reason reason : Departure.Reason.values()) {
            departures.put(
                    reason,
                    counter("tidemark.group.departures", "Members that are members no more by way of this server")
                            .tag("reason", reason.stored().replace(' ', '_'))
                            .register(registry));
        }
    }

    private static Counter.Builder counter(String name, String description) {
        return Counter.builder(name).description(description);
    }

    private Counter heartbeats(String source) {
        return counter("tidemark.group.heartbeats", "Heartbeats answered, by what was asked for the answer")
                .tag("source", source)
                .register(registry);
    }

    void watch(IntSupplier groups, IntSupplier members) {
        gauge("tidemark.group.groups", "Groups with members, at all servers", groups);
        gauge("tidemark.group.members", "Their members", members);
    }

    private void gauge(String name, String description, IntSupplier value) {
        Gauge.builder(name, value, IntSupplier::getAsInt)
                .description(description)
                .strongReference(true)
                .register(registry);
    }

    void joined() {
        joins.increment();
    }

    void departed(Departure.Reason reason) {
        Counter counter = departures.get(reason);
        if (counter != null) {
            counter.increment();
        }
    }

    void rebalanced() {
        rebalances.increment();
    }

    void heartbeat(boolean isFromMemory) {
        (isFromMemory ? fromMemory : fromDatabase).increment();
    }

    void watchFailed() {
        watchFailures.increment();
    }

    void transaction(long nanos) {
        transactions.record(Duration.ofNanos(nanos));
    }
}
