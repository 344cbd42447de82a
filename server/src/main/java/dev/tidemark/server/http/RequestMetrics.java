package dev.tidemark.server.http;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/** What is measured of requests. Labels are routes, statuses and error names, never anything a caller chooses. */
final class RequestMetrics {
    /** The route of requests that match none. */
    static final String NO_ROUTE = "none";

    private final MeterRegistry registry;
    private final Map<Answered, Timer> timers = new ConcurrentHashMap<>();
    private final Map<String, Counter> problems = new ConcurrentHashMap<>();

    private record Answered(String route, int status) {}

    RequestMetrics(MeterRegistry registry) {
        this.registry = registry;
    }

    /** @param route method and path pattern, such as {@code GET /v1/topics/{topic}} */
    void countRequest(String route, int status, long nanos) {
        timers.computeIfAbsent(new Answered(route, status), this::timer).record(nanos, TimeUnit.NANOSECONDS);
    }

    private Timer timer(Answered answered) {
        return Timer.builder("tidemark.http.requests")
                .description(
                        "Requests by route and status, from their head to the end of their answer; a fetch's wait is part of it")
                .tag("route", answered.route())
                .tag("status", Integer.toString(answered.status()))
                .serviceLevelObjectives(
                        Duration.ofMillis(1),
                        Duration.ofMillis(5),
                        Duration.ofMillis(25),
                        Duration.ofMillis(100),
                        Duration.ofMillis(500),
                        Duration.ofSeconds(2),
                        Duration.ofSeconds(10))
                .register(registry);
    }

    void countProblem(String error) {
        problems.computeIfAbsent(
                        error,
                        name -> Counter.builder("tidemark.http.problems")
                                .description("Requests answered with a problem, by error")
                                .tag("error", name)
                                .register(registry))
                .increment();
    }

    <T> void gauge(String name, String description, T of, ToDoubleFunction<T> value) {
        Gauge.builder(name, of, value)
                .description(description)
                .strongReference(true)
                .register(registry);
    }
}
