package dev.tidemark.server;

import dev.tidemark.server.group.GroupLimits;
import dev.tidemark.server.group.offset.GroupOffsets;
import dev.tidemark.server.http.HttpConfig;
import dev.tidemark.server.log.RecordLog;
import dev.tidemark.server.log.append.Appender;
import dev.tidemark.server.log.quota.Quotas;
import dev.tidemark.server.postgres.DatabaseConfig;
import dev.tidemark.server.postgres.SchemaNames;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;

/**
 * Everything a server is told, checked. {@link Setting} lists the settings.
 *
 * @param stopTimeout how long a stop waits for requests under way, and then again for the embedded PostgreSQL
 */
public record ServerConfig(
        Postgres postgres,
        HttpConfig http,
        SecurityConfig security,
        RecordLog.Limits log,
        GroupOffsets.Retention offsets,
        GroupLimits groups,
        Neighbours neighbours,
        Duration stopTimeout) {
    private static final long KIB = 1024;
    private static final long MIB = 1024 * KIB;
    private static final long GIB = 1024 * MIB;
    private static final long MINUTE_MS = 60_000;
    private static final long HOUR_MS = 60 * MINUTE_MS;

    /** Enough to keep a lane busy while the next transaction gathers; more only makes everybody in it wait. */
    private static final long MAX_TRANSACTION_BYTES = 8 * MIB;

    /** Connections beside those that append and fetch: metadata, health, offset commits. */
    private static final int SPARE_CONNECTIONS = 2;

    /** And one that reads what other servers append, where there are enough. */
    private static final int FOLLOWING_CONNECTIONS = 1;

    /**
     * Which PostgreSQL.
     *
     * @param jdbcUrl null: an embedded one
     * @param dataDir where the embedded one lives
     * @param poolSize all connections, those of the append lanes included
     * @param startTimeout how long one that cannot be reached yet is waited for
     */
    public record Postgres(
            @Nullable String jdbcUrl,
            @Nullable String user,
            @Nullable String password,
            Path dataDir,
            int poolSize,
            int prepareThreshold,
            SchemaNames schemas,
            Duration startTimeout) {

        /** Without the password. */
        @Override
        public String toString() {
            return "Postgres["
                    + (jdbcUrl == null
                            ? "embedded in " + dataDir
                            : DatabaseConfig.of(jdbcUrl).location()) + "]";
        }
    }

    /**
     * What other servers over the same database are told, and how they are heard.
     *
     * @param advertisedUrl where clients reach this server; null: where it listens
     * @param listenUrl a way to the same database to listen on; null: as all connections
     */
    public record Neighbours(
            @Nullable String advertisedUrl, @Nullable String listenUrl) {

        /** Without what may hold a password. */
        @Override
        public String toString() {
            return "Neighbours[" + advertisedUrl + "]";
        }
    }

    /** The database at a URL, which for the embedded one is known only once it runs. */
    DatabaseConfig databaseAt(String url) {
        boolean embedded = postgres.jdbcUrl() == null;
        return new DatabaseConfig(
                url,
                embedded ? null : postgres.user(),
                embedded ? null : postgres.password(),
                // The lanes have theirs apart.
                postgres.poolSize() - log.append().lanes(),
                postgres.prepareThreshold(),
                postgres.schemas());
    }

    /** Settings from flags such as {@code --http-port 0}, the environment and the file they name. @throws ConfigException */
    public static ServerConfig read(List<String> flags, Map<String, String> environment) {
        GivenSettings given = GivenSettings.read(flags, environment);
        int lanes = Math.toIntExact(given.number(Setting.APPEND_LANES, 1, 64, 2));
        Postgres postgres = postgres(given, lanes);
        Duration stopTimeout = Duration.ofMillis(given.number(Setting.STOP_TIMEOUT_MS, 0, HOUR_MS, 10_000));
        SecurityConfig security = SecurityConfig.read(given);
        return new ServerConfig(
                postgres,
                http(given, security, stopTimeout),
                security,
                log(given, lanes, postgres.poolSize()),
                offsets(given),
                groups(given),
                neighbours(given),
                stopTimeout);
    }

    private static Postgres postgres(GivenSettings given, int lanes) {
        int leastConnections = lanes + 1 + SPARE_CONNECTIONS;
        long poolSize = given.number(
                Setting.DB_POOL_SIZE,
                leastConnections,
                1000,
                Math.max(leastConnections, DatabaseConfig.DEFAULT_POOL_SIZE));
        return new Postgres(
                jdbcUrl(given, Setting.JDBC_URL),
                given.value(Setting.DB_USER).orElse(null),
                given.value(Setting.DB_PASSWORD).orElse(null),
                given.value(Setting.DATA_DIR, "must be a path", Path::of, Path.of("tidemark-data")),
                Math.toIntExact(poolSize),
                Math.toIntExact(given.number(
                        Setting.DB_PREPARE_THRESHOLD, 0, Integer.MAX_VALUE, DatabaseConfig.PREPARE_AS_FITS)),
                schemas(given),
                Duration.ofMillis(given.number(Setting.DB_START_TIMEOUT_MS, 0, HOUR_MS, 30_000)));
    }

    private static SchemaNames schemas(GivenSettings given) {
        String legal = "must be up to 50 of a-z, 0-9 and _, not starting with a digit or pg_, and not public";
        String schema = given.value(Setting.SCHEMA, legal, SchemaNames::requireLegal, SchemaNames.DEFAULT.schema());
        String topicSchema =
                given.value(Setting.TOPIC_SCHEMA, legal, SchemaNames::requireLegal, SchemaNames.DEFAULT.topicSchema());
        try {
            return SchemaNames.of(schema, topicSchema);
        } catch (IllegalArgumentException same) {
            throw given.illegal(Setting.TOPIC_SCHEMA, "must be another schema than that of the views and the tables");
        }
    }

    private static @Nullable String jdbcUrl(GivenSettings given, Setting setting) {
        String url = given.value(setting).orElse(null);
        if (url != null && Driver.parseURL(url, null) == null) {
            throw given.illegal(setting, "must be jdbc:postgresql://host:port/database");
        }
        return url;
    }

    private static Neighbours neighbours(GivenSettings given) {
        String advertised = given.value(Setting.ADVERTISED_URL).orElse(null);
        if (advertised != null && !isHttpUrl(advertised)) {
            throw given.illegal(Setting.ADVERTISED_URL, "must be http://host:port");
        }
        return new Neighbours(advertised, jdbcUrl(given, Setting.LISTEN_JDBC_URL));
    }

    private static boolean isHttpUrl(String text) {
        try {
            URI url = new URI(text);
            boolean http = "http".equals(url.getScheme()) || "https".equals(url.getScheme());
            return http && url.getHost() != null && url.getRawQuery() == null && url.getRawUserInfo() == null;
        } catch (URISyntaxException illegal) {
            return false;
        }
    }

    private static HttpConfig http(GivenSettings given, SecurityConfig security, Duration stopTimeout) {
        String host = given.value(Setting.HTTP_HOST).orElse("127.0.0.1");
        if (!isOwnMachine(host) && !security.isDecided()) {
            throw given.illegal(
                    Setting.HTTP_HOST,
                    "would let everybody who reaches it do everything; name a file of tokens with "
                            + Setting.TOKENS_FILE.environmentVariable() + ", say so with "
                            + Setting.ALLOW_ANONYMOUS.environmentVariable() + "=true, or listen on 127.0.0.1");
        }
        int port = Math.toIntExact(given.number(Setting.HTTP_PORT, 0, 65_535, 8080));
        int maxRequestBytes = Math.toIntExact(given.number(Setting.MAX_REQUEST_BYTES, 2 * MIB, GIB, 16 * MIB));
        return HttpConfig.listeningOn(host, port)
                .withMaxRequestBytes(maxRequestBytes)
                .withStopTimeout(stopTimeout);
    }

    /** By its spelling: a name would have to be looked up, and may mean something else tomorrow. */
    static boolean isOwnMachine(String host) {
        return host.equals("localhost")
                || host.equals("::1")
                || host.equals("[::1]")
                || host.matches("127(\\.\\d{1,3}){3}");
    }

    private static RecordLog.Limits log(GivenSettings given, int lanes, int poolSize) {
        long maxQueuedBytes = given.number(
                Setting.MAX_QUEUED_BYTES,
                MIB,
                64 * GIB,
                Math.max(MIB, Math.min(64 * MIB, Runtime.getRuntime().maxMemory() / 12)));
        long appendTimeoutMs = given.number(Setting.APPEND_TIMEOUT_MS, 10, HOUR_MS, 2_000);
        long tailCacheBytes = given.number(
                Setting.TAIL_CACHE_BYTES,
                0,
                64 * GIB,
                Math.min(128 * MIB, Runtime.getRuntime().maxMemory() / 8));
        long readAheadBytes = given.number(
                Setting.READ_AHEAD_BYTES,
                0,
                64 * GIB,
                Math.min(32 * MIB, Runtime.getRuntime().maxMemory() / 32));
        return new RecordLog.Limits(
                new Appender.Limits(lanes, maxQueuedBytes, MAX_TRANSACTION_BYTES, appendTimeoutMs),
                quotas(given),
                tailCacheBytes,
                Math.max(1, poolSize - lanes - SPARE_CONNECTIONS - FOLLOWING_CONNECTIONS),
                readAheadBytes);
    }

    private static GroupOffsets.Retention offsets(GivenSettings given) {
        return new GroupOffsets.Retention(
                retention(given, Setting.OFFSETS_RETENTION_MS, MINUTE_MS),
                // Members that have left are remembered for an hour, so that leaving may be repeated.
                retention(given, Setting.OFFSET_HISTORY_RETENTION_MS, HOUR_MS));
    }

    private static GroupLimits groups(GivenSettings given) {
        GroupLimits usual = GroupLimits.DEFAULT;
        return new GroupLimits(
                Math.toIntExact(given.number(Setting.GROUP_MAX_SIZE, 1, usual.maxMembers(), usual.maxMembers())),
                Math.toIntExact(given.number(Setting.MAX_GROUPS, 0, 1_000_000, usual.maxGroups())));
    }

    /** Null for -1: for ever. */
    private static @Nullable Duration retention(GivenSettings given, Setting setting, long leastMs) {
        long ms = given.number(setting, -1, Long.MAX_VALUE / 1_000_000, 7 * 24 * HOUR_MS);
        if (ms == -1) {
            return null;
        }
        if (ms < leastMs) {
            throw given.illegal(setting, "must be a number of milliseconds from " + leastMs + ", or -1 for ever");
        }
        return Duration.ofMillis(ms);
    }

    /** What is not set is not bounded. */
    private static Quotas.Limits quotas(GivenSettings given) {
        return new Quotas.Limits(
                given.number(Setting.MAX_APPEND_BYTES_PER_SECOND, KIB, 64 * GIB, 0),
                given.number(Setting.MAX_LOG_BYTES, MIB, Long.MAX_VALUE, 0),
                Math.toIntExact(given.number(Setting.MAX_SEGMENTS, 0, 1_000_000, 10_000)));
    }
}
