package dev.tidemark.server.cluster;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;

/** The meters of what servers tell each other. */
final class ClusterMetrics {
    private final MeterRegistry registry;
    private final Counter beatFailures;
    private final Counter sent;
    private final Counter sendFailures;
    private final Counter received;
    private final Counter unreadable;

    ClusterMetrics(MeterRegistry registry) {
        this.registry = registry;
        this.beatFailures = counter("tidemark.cluster.beat.failures", "Times this server could not say that it lives");
        this.sent = counter("tidemark.cluster.notices.sent", "Notices to other servers of what this one appended");
        this.sendFailures =
                counter("tidemark.cluster.notice.failures", "Notices that could not be sent, to be sent again");
        this.received = counter("tidemark.cluster.notices.received", "Notices of other servers");
        this.unreadable = counter(
                "tidemark.cluster.notices.unreadable", "Notifications on our channel that no server of ours has sent");
    }

    private Counter counter(String name, String description) {
        return Counter.builder(name).description(description).register(registry);
    }

    void watch(IntSupplier liveServers, BooleanSupplier listening) {
        Gauge.builder("tidemark.cluster.servers", liveServers, IntSupplier::getAsInt)
                .description("Live servers as of this one's last beat, itself included")
                .strongReference(true)
                .register(registry);
        Gauge.builder("tidemark.cluster.listening", listening, hears -> hears.getAsBoolean() ? 1 : 0)
                .description("1 when notices of other servers arrive; 0 when log ends are polled instead")
                .strongReference(true)
                .register(registry);
    }

    void beatFailed() {
        beatFailures.increment();
    }

    void sent() {
        sent.increment();
    }

    void sendFailed() {
        sendFailures.increment();
    }

    void received() {
        received.increment();
    }

    void unreadable() {
        unreadable.increment();
    }
}
