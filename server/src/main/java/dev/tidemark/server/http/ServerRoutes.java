package dev.tidemark.server.http;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.MediaTypes;
import dev.tidemark.protocol.api.ClusterDescription;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** What the server says of itself. */
final class ServerRoutes {
    private static final String PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8";
    private static final String OPENAPI = "/openapi.json";

    private final Supplier<ClusterDescription> cluster;
    private final Readiness readiness;
    private final Duration readyTimeout;
    private final BooleanSupplier stopping;
    private final Runnable beforeMetrics;
    private final PrometheusMeterRegistry metrics;
    private final byte[] openApi = openApi();

    /** @param beforeMetrics has the figures read that are read only when somebody looks */
    ServerRoutes(
            Supplier<ClusterDescription> cluster,
            Readiness readiness,
            Duration readyTimeout,
            BooleanSupplier stopping,
            Runnable beforeMetrics,
            PrometheusMeterRegistry metrics) {
        this.cluster = cluster;
        this.readiness = readiness;
        this.readyTimeout = readyTimeout;
        this.stopping = stopping;
        this.beforeMetrics = beforeMetrics;
        this.metrics = metrics;
    }

    List<Route> routes() {
        return List.of(
                new Route(HandlerType.GET, "/v1/cluster", Need.TOKEN, this::cluster),
                new Route(HandlerType.GET, "/health/live", Need.NOTHING, this::live),
                new Route(HandlerType.GET, "/health/ready", Need.NOTHING, this::ready),
                new Route(HandlerType.GET, "/metrics", Need.TOKEN, this::metrics),
                new Route(HandlerType.GET, OPENAPI, Need.NOTHING, this::openApi));
    }

    private void cluster(Context ctx) {
        Query.of(ctx);
        Answers.json(ctx, 200, cluster.get());
    }

    private void live(Context ctx) {
        Answers.json(ctx, 200, Map.of("status", "live"));
    }

    private void ready(Context ctx) {
        String obstacle = stopping.getAsBoolean() ? "the server is stopping" : readiness.obstacle(readyTimeout);
        if (obstacle != null) {
            throw new ApiException(ErrorCode.BROKER_NOT_AVAILABLE, obstacle);
        }
        Answers.json(ctx, 200, Map.of("status", "ready"));
    }

    private void metrics(Context ctx) {
        beforeMetrics.run();
        Answers.bytes(ctx, 200, PROMETHEUS_TEXT, metrics.scrape().getBytes(StandardCharsets.UTF_8));
    }

    private void openApi(Context ctx) {
        Answers.bytes(ctx, 200, MediaTypes.JSON, openApi);
    }

    private static byte[] openApi() {
        try (InputStream in = ServerRoutes.class.getResourceAsStream(OPENAPI)) {
            if (in == null) {
                throw new IllegalStateException("the OpenAPI document is not in the jar");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
