package dev.tidemark.server;

import static dev.tidemark.schema.tidemark_internal.Tables.CLUSTER;

import dev.tidemark.embedded.EmbeddedPostgres;
import dev.tidemark.embedded.EmbeddedPostgresException;
import dev.tidemark.protocol.api.ClusterDescription;
import dev.tidemark.server.cluster.BeatNews;
import dev.tidemark.server.cluster.Cluster;
import dev.tidemark.server.cluster.Member;
import dev.tidemark.server.group.Groups;
import dev.tidemark.server.group.Hearsay;
import dev.tidemark.server.group.offset.GroupOffsets;
import dev.tidemark.server.http.HttpServer;
import dev.tidemark.server.log.RecordLog;
import dev.tidemark.server.outbox.Outbox;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.postgres.DatabaseConfig;
import dev.tidemark.server.postgres.DatabaseHealth;
import dev.tidemark.server.postgres.LockTableWatch;
import dev.tidemark.server.postgres.Migrator;
import dev.tidemark.server.postgres.StartException;
import dev.tidemark.server.topic.Topics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.logging.LogbackMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running server: PostgreSQL, the connections to it, topics, the log and HTTP, started in this order and stopped in the opposite one.
 * Thread-safe.
 */
public final class Server implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Server.class);
    private static final Duration HOUSEKEEPING_EVERY = Duration.ofSeconds(10);
    private static final Duration TIDY_GROUPS_EVERY = Duration.ofSeconds(30);
    private static final Duration LOCK_TABLE_LOOK_EVERY = Duration.ofMinutes(1);

    private final ServerConfig config;
    private final Instant startedAt = Instant.now();
    private final StartSteps steps = new StartSteps(System::nanoTime);
    private final UUID serverId = UUID.randomUUID();
    private final PrometheusMeterRegistry metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final CompletableFuture<Void> end = new CompletableFuture<>();

    /** What to stop, the last started first. */
    private final Deque<AutoCloseable> started = new ArrayDeque<>();

    private final @Nullable EmbeddedPostgres embedded;
    private final DatabaseConfig databaseConfig;
    private final Topics topics;
    private final Security security;
    private final HttpServer http;

    /**
     * Starts everything and returns when it serves. What was started before something failed is stopped again.
     *
     * @throws StartException saying in one line why it cannot
     */
    public static Server start(ServerConfig config) {
        return new Server(config);
    }

    private Server(ServerConfig config) {
        this.config = config;
        try {
            security = started(Security.of(config, metrics));
            embedded = startEmbedded(config);
            if (embedded != null) {
                steps.done("postgres");
            }
            databaseConfig = config.databaseAt(embedded == null ? requiredUrl(config) : embedded.jdbcUrl());
            Database database = started(Database.open(
                    databaseConfig,
                    config.postgres().poolSize() + Cluster.CONNECTIONS,
                    metrics,
                    config.postgres().startTimeout()));
            steps.done("connect");
            Migrator migrator = new Migrator(databaseConfig);
            migrator.migrate();
            steps.done("migrate");
            bindMachineMetrics();
            topics = new Topics(database);
            started(new Housekeeping(topics::dropDeleted, HOUSEKEEPING_EVERY));
            started(new Housekeeping(
                    () -> migrator.outgrown(database).ifPresent(end::completeExceptionally), HOUSEKEEPING_EVERY));
            LockTableWatch lockTable = new LockTableWatch(database, metrics);
            lockTable.look();
            started(new Housekeeping(lockTable::look, LOCK_TABLE_LOOK_EVERY));
            RecordLog log = started(new RecordLog(database, config.log(), Clock.systemUTC(), metrics));
            Cluster cluster =
                    started(new Cluster(database, log, config.neighbours().listenUrl(), metrics));
            steps.done("record_log");
            Groups groups = started(new Groups(database, log.leaderEpochs(), serverId, config.groups(), metrics));
            GroupOffsets offsets =
                    started(new GroupOffsets(database, topics, log, config.offsets(), config.groups(), metrics));
            started(new Housekeeping(offsets::tidy, TIDY_GROUPS_EVERY));
            http = startHttp(database, new HttpServer.Doors(topics, log, groups, offsets), cluster);
            steps.done("http");
            cluster.join(self(), new MembersHeard(groups.hearsay()));
            groups.start();
            steps.done("join");
            started(new Outbox(database, topics, log, cluster::isOldest, metrics));
            // Fetches that wait for records would hold up the stop of HTTP.
            started.push(log::stopWaiting);
            // The first step of a stop: who looks for a server passes this one by.
            started.push(cluster::leave);
        } catch (RuntimeException failure) {
            close();
            throw failure;
        }
    }

    private @Nullable EmbeddedPostgres startEmbedded(ServerConfig config) {
        if (config.postgres().jdbcUrl() != null) {
            return null;
        }
        Runnable givenUp =
                () -> end.completeExceptionally(new StartException("PostgreSQL died and cannot be started again"));
        try {
            return started(EmbeddedPostgres.start(config.postgres().dataDir(), config.stopTimeout(), givenUp));
        } catch (EmbeddedPostgresException failure) {
            throw new StartException(String.valueOf(failure.getMessage()), failure);
        }
    }

    private static String requiredUrl(ServerConfig config) {
        String url = config.postgres().jdbcUrl();
        if (url == null) {
            throw new IllegalArgumentException("neither a database of its own nor a URL");
        }
        return url;
    }

    private void bindMachineMetrics() {
        new JvmMemoryMetrics().bindTo(metrics);
        new JvmThreadMetrics().bindTo(metrics);
        new ProcessorMetrics().bindTo(metrics);
        new FileDescriptorMetrics().bindTo(metrics);
        new UptimeMetrics().bindTo(metrics);
        started(new LogbackMetrics()).bindTo(metrics);
        started(new JvmGcMetrics()).bindTo(metrics);
    }

    private HttpServer startHttp(Database database, HttpServer.Doors doors, Cluster cluster) {
        String clusterId = database.query(jooq -> jooq.select(CLUSTER.CLUSTER_ID)
                .from(CLUSTER)
                .fetchSingle()
                .value1()
                .toString());
        DatabaseHealth health = started(new DatabaseHealth(database));
        HttpServer server = new HttpServer(
                config.http(),
                security.access(),
                security.tls(),
                doors,
                () -> describe(clusterId, cluster),
                health::obstacle,
                metrics,
                Clock.systemUTC());
        try {
            server.start();
        } catch (RuntimeException failure) {
            throw new StartException(
                    "cannot listen on " + config.http().host() + ":"
                            + config.http().port() + ": " + rootMessage(failure),
                    failure);
        }
        return started(server);
    }

    private static String rootMessage(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return String.valueOf(cause.getMessage());
    }

    private static ClusterDescription describe(String clusterId, Cluster cluster) {
        return new ClusterDescription(clusterId, BuildVersion.get(), cluster.servers());
    }

    private Member self() {
        String advertised = config.neighbours().advertisedUrl();
        return new Member(
                serverId, advertised == null ? address().toString() : advertised, BuildVersion.get(), startedAt);
    }

    /** Beats say which members of groups this server has heard, though who beats knows nothing of groups. */
    private record MembersHeard(Hearsay hearsay) implements BeatNews {
        @Override
        public void gather() {
            hearsay.gather();
        }

        @Override
        public Integer[] memberNos() {
            return hearsay.memberNos();
        }

        @Override
        public Integer[] msAgo() {
            return hearsay.msAgo();
        }

        @Override
        public void told() {
            hearsay.told();
        }
    }

    private <T extends AutoCloseable> T started(T part) {
        started.push(part);
        return part;
    }

    /** Where HTTP listens. */
    public URI address() {
        String host = config.http().host();
        boolean ipv6 = host.contains(":") && !host.startsWith("[");
        return URI.create((security.tls() == null ? "http://" : "https://") + (ipv6 ? "[" + host + "]" : host) + ":"
                + http.port());
    }

    /** The embedded PostgreSQL, or null where the user named one. */
    public @Nullable EmbeddedPostgres embeddedPostgres() {
        return embedded;
    }

    /** The database, where nothing but its {@link DatabaseConfig#location} is for showing. */
    DatabaseConfig database() {
        return databaseConfig;
    }

    /** How long each step of the start took, as {@code key=value}. */
    String startSteps() {
        return steps.summary();
    }

    /** Whether requests must show a token. */
    boolean asksForTokens() {
        return config.security().tokensFile() != null && !config.security().anonymous();
    }

    boolean hasTopic(String name) {
        return topics.list().stream().anyMatch(topic -> topic.name().equals(name));
    }

    /** Completes when the server was closed; fails with a {@link StartException} when it cannot go on, and is then still to be closed. */
    public CompletableFuture<Void> end() {
        return end.copy();
    }

    /** Answers what waits, finishes requests and appends under way, and stops, each within its bound. Idempotent. */
    @Override
    public synchronized void close() {
        while (!started.isEmpty()) {
            AutoCloseable part = started.pop();
            try {
                part.close();
            } catch (Exception failure) {
                LOG.warn("stopping {} failed", part.getClass().getSimpleName(), failure);
            }
        }
        end.complete(null);
    }
}
