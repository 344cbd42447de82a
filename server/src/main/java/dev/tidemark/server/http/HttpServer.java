package dev.tidemark.server.http;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.ClusterDescription;
import dev.tidemark.server.access.Access;
import dev.tidemark.server.group.Groups;
import dev.tidemark.server.group.offset.GroupOffsets;
import dev.tidemark.server.log.RecordLog;
import dev.tidemark.server.tls.TlsKeys;
import dev.tidemark.server.topic.Topics;
import io.javalin.Javalin;
import io.javalin.compression.CompressionStrategy;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.Handler;
import io.javalin.http.HandlerType;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.LowResourceMonitor;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.jspecify.annotations.Nullable;

/** The door to HTTP: serves the doors of the log, of topics and of groups until stopped. Thread-safe. */
public final class HttpServer implements AutoCloseable {
    private static final String STARTED_AT = "tidemark.started_at";

    /** Javalin would follow it, and what looks like a GET to a proxy that lets only those through would delete a topic. */
    private static final String METHOD_OVERRIDE = "X-HTTP-Method-Override";

    private static final String ROUTE = "tidemark.route";

    private final HttpConfig config;
    private final QueuedThreadPool threads;
    private final SlowPeers slowPeers;
    private final SlowHeads slowHeads;
    private final RequestMetrics requestMetrics;
    private final Problems problems;
    private final FailureLog failures = new FailureLog();
    private final List<Route> routes;
    private final Gate gate;
    private final @Nullable TlsKeys tls;
    private final Javalin javalin;
    private final AtomicBoolean stopping = new AtomicBoolean();

    /** What is served. */
    public record Doors(Topics topics, RecordLog log, Groups groups, GroupOffsets offsets) {}

    /**
     * Nothing is served before {@link #start}.
     *
     * @param tls null: HTTP in the clear
     * @param cluster the answer of {@code GET /v1/cluster}; may block on the database
     * @param readiness asked by {@code /health/ready}
     * @param metrics what {@code /metrics} shows; the meters of HTTP itself are registered in it
     * @param clock gives records without a timestamp theirs
     */
    public HttpServer(
            HttpConfig config,
            Access access,
            @Nullable TlsKeys tls,
            Doors doors,
            Supplier<ClusterDescription> cluster,
            Readiness readiness,
            PrometheusMeterRegistry metrics,
            InstantSource clock) {
        this.config = config;
        this.tls = tls;
        this.threads = threads(config);
        this.slowPeers = new SlowPeers(config.pace(), threads);
        this.slowHeads = new SlowHeads(config.pace(), config.idleTimeout());
        this.requestMetrics = new RequestMetrics(metrics);
        this.problems = new Problems(requestMetrics);
        RequestBodies bodies = new RequestBodies(config.maxRequestBytes(), config.bodyBudgetBytes(), slowPeers::press);
        AnswerBudget answers = new AnswerBudget(config.answerBudgetBytes(), slowPeers::press);
        FetchPositions fetchPositions = new FetchPositions(config.maxFetchPositions());
        this.routes = Stream.of(
                        new ServerRoutes(
                                        cluster,
                                        readiness,
                                        config.readyTimeout(),
                                        stopping::get,
                                        doors.offsets::refreshMetrics,
                                        metrics)
                                .routes(),
                        new LeaderEpochRoutes(doors.log, bodies).routes(),
                        new TopicRoutes(doors.topics, bodies).routes(),
                        new ProduceRoutes(doors.topics, doors.log, bodies, clock, threads).routes(),
                        new TransactionRoutes(doors.topics, doors.log, doors.offsets, bodies, clock, threads).routes(),
                        new FetchRoutes(doors.topics, doors.log, bodies, fetchPositions, answers, threads).routes(),
                        new MemberRoutes(doors.groups, bodies).routes(),
                        new GroupRoutes(doors.offsets).routes(),
                        new GroupOffsetRoutes(doors.offsets, doors.topics, bodies, threads).routes())
                .flatMap(List::stream)
                .toList();
        this.gate = new Gate(access, tls != null, routes, threads);
        this.javalin = Javalin.create(this::configure);
        gauges(bodies, answers, fetchPositions);
    }

    /**
     * Begins to listen.
     *
     * @throws RuntimeException saying why, when the address cannot be listened on
     */
    public void start() {
        javalin.start();
        slowPeers.start(slowHeads::look);
    }

    /** The port listened on; after {@link #start}. */
    public int port() {
        return javalin.port();
    }

    /** Refuses new connections, lets requests under way finish within the stop timeout, and closes. Idempotent. */
    @Override
    public void close() {
        if (stopping.compareAndSet(false, true)) {
            javalin.stop();
            slowPeers.close();
        }
    }

    /** Everything that is served, for comparison with the OpenAPI document. */
    List<Route> routes() {
        return routes;
    }

    private static QueuedThreadPool threads(HttpConfig config) {
        // The queue has no bound of its own: each connection has one request at a time in it, and connections have a
        // bound.
        QueuedThreadPool threads = new QueuedThreadPool(config.maxThreads(), Math.min(8, config.maxThreads()));
        threads.setName("http");
        return threads;
    }

    private void configure(JavalinConfig javalinConfig) {
        javalinConfig.startup.showJavalinBanner = false;
        javalinConfig.startup.showOldJavalinVersionWarning = false;
        javalinConfig.startup.startupWatcherEnabled = false;
        javalinConfig.http.prefer405over404 = true;
        javalinConfig.http.compressionStrategy = CompressionStrategy.NONE;
        javalinConfig.jetty.threadPool = threads;
        javalinConfig.jetty.modifyServer(this::configureServer);
        javalinConfig.jetty.addConnector(this::connector);
        javalinConfig.router.javaLangErrorHandler((response, error) -> JettyProblems.write(response, error));
        for (Route route : routes) {
            javalinConfig.routes.addHttpHandler(route.method(), route.path(), named(route));
            if (route.method() == HandlerType.GET) {
                // Javalin would answer 200 by itself, without asking whether the caller may, or whether the server is
                // ready. Jetty leaves the body out.
                Route head = route.asHead();
                javalinConfig.routes.addHttpHandler(head.method(), head.path(), named(head));
            }
        }
        javalinConfig.routes.before(this::begin);
        javalinConfig.routes.before(gate::authenticate);
        javalinConfig.routes.exception(Exception.class, (failure, ctx) -> problems.answer(ctx, failure));
        javalinConfig.routes.exception(
                io.javalin.http.HttpResponseException.class, (failure, ctx) -> problems.answer(ctx, failure));
        javalinConfig.requestLogger.http((ctx, ms) -> end(ctx));
    }

    private void configureServer(Server server) {
        server.setStopTimeout(config.stopTimeout().toMillis());
        server.setErrorHandler(new JettyProblems(requestMetrics));
        server.addBean(new NetworkConnectionLimit(config.maxConnections(), server));
        // It would cut waiting fetches after a second whenever threads are short.
        LowResourceMonitor monitor = server.getBean(LowResourceMonitor.class);
        if (monitor != null) {
            server.removeBean(monitor);
        }
    }

    private ServerConnector connector(Server server, HttpConfiguration http) {
        http.setOutputAggregationSize(Answers.SMALL_BYTES);
        ServerConnector connector = tls == null
                ? new ServerConnector(server, new HttpConnectionFactory(http))
                : TlsConnector.of(server, http, tls);
        connector.addBean(slowHeads);
        connector.setHost(config.host());
        connector.setPort(config.port());
        connector.setIdleTimeout(config.idleTimeout().toMillis());
        requestMetrics.gauge(
                "tidemark.http.connections",
                "Open connections, idle ones included",
                connector,
                open -> open.getConnectedEndPoints().size());
        return connector;
    }

    private void begin(Context ctx) {
        ctx.attribute(STARTED_AT, System.nanoTime());
        RequestIds.assign(ctx);
        slowPeers.attend(ctx);
        if (ctx.req().getHeader(METHOD_OVERRIDE) != null) {
            throw new ApiException(
                    ErrorCode.INVALID_REQUEST,
                    "the header " + METHOD_OVERRIDE + " is not followed: use the method itself");
        }
    }

    /** The handler, with its route known to the metrics and its request to the log. */
    private Handler named(Route route) {
        String name = route.name();
        return ctx -> {
            ctx.attribute(ROUTE, name);
            try (var ignored = RequestIds.inLog(ctx)) {
                if (gate.letsThrough(ctx, route)) {
                    handle(ctx, route);
                }
            }
        };
    }

    private void handle(Context ctx, Route route) throws Exception {
        try {
            route.handler().handle(ctx);
        } catch (ApiException refused) {
            if (RequestBodies.isBeingRead(ctx)) {
                throw refused;
            }
            gate.refuse(ctx, refused);
        }
    }

    private void end(Context ctx) {
        Long startedAt = ctx.attribute(STARTED_AT);
        String route = ctx.attribute(ROUTE);
        if (startedAt == null) {
            return;
        }
        long elapsed = System.nanoTime() - startedAt;
        String name = route == null ? RequestMetrics.NO_ROUTE : route;
        requestMetrics.countRequest(name, ctx.statusCode(), elapsed);
        String error = Problems.errorOf(ctx);
        if (error != null) {
            failures.log(ctx, name, error, elapsed);
        }
    }

    private void gauges(RequestBodies bodies, AnswerBudget answers, FetchPositions fetchPositions) {
        requestMetrics.gauge(
                "tidemark.http.body.bytes",
                "Bytes of the request bodies being read and checked, and of what is made of them",
                bodies,
                RequestBodies::takenBytes);
        requestMetrics.gauge(
                "tidemark.http.answer.bytes",
                "Bytes of records held for answers that their readers have not taken yet",
                answers,
                AnswerBudget::takenBytes);
        requestMetrics.gauge(
                "tidemark.http.fetch.positions",
                "Partitions named by fetches that wait or are read for",
                fetchPositions,
                FetchPositions::taken);
        requestMetrics.gauge(
                "tidemark.http.transfers",
                "Bodies coming in and answers going out that could not be read or written at once",
                slowPeers,
                SlowPeers::watched);
        requestMetrics.gauge(
                "tidemark.http.threads.busy", "Threads at work on requests", threads, QueuedThreadPool::getBusyThreads);
        requestMetrics.gauge(
                "tidemark.http.threads.queued",
                "Requests waiting for a thread",
                threads,
                QueuedThreadPool::getQueueSize);
    }
}
