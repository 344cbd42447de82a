package dev.tidemark.server.postgres;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import com.zaxxer.hikari.SQLExceptionOverride;
import dev.tidemark.protocol.ApiException;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.SocketTimeoutException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jooq.ConnectionProvider;
import org.jooq.DSLContext;
import org.jooq.SQLDialect;
import org.jooq.conf.MappedSchema;
import org.jooq.conf.RenderMapping;
import org.jooq.conf.Settings;
import org.jooq.exception.DataAccessException;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The door to PostgreSQL: a bounded pool of connections, and connections of one's own for what must not hold up the pool. Thread-safe.
 *
 * <p>Pooled connections carry no session state, so that they may go through a pooler in transaction mode: set what you need with SET LOCAL, take
 * advisory locks for the transaction only, leave nothing behind.
 */
public final class Database implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Database.class);

    /** How long {@link #connection()} waits for a free one, ms. */
    private static final int ACQUIRE_TIMEOUT_MS = 3_000;

    /** How long a connection that was idle may take to say that it works, ms: one that does not is replaced. */
    private static final int VALIDATION_TIMEOUT_MS = 1_000;

    /**
     * Above every statement the pools are used for, the wait for a lock and for a commit included; a database that stays silent for longer is taken for
     * dead, and what it was asked for is answered as unavailable or, in COMMIT, settled afterwards.
     */
    private static final Duration SOCKET_TIMEOUT = Duration.ofSeconds(10);

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);

    private final DatabaseConfig config;
    private final PatientPool pool;
    private final DSLContext jooq;

    private Database(DatabaseConfig config, PatientPool pool) {
        this.config = config;
        this.pool = pool;
        this.jooq = DSL.using(new PooledConnections(pool), SQLDialect.POSTGRES, settings(config.schemas()));
    }

    /**
     * Waits for PostgreSQL to answer, checks that it is one Tidemark can live in, and fills the pool.
     *
     * @param patience how long a database that refuses connections, or is still starting, is tried again
     * @throws StartException when it cannot be reached, refuses us, or cannot be used
     */
    public static Database open(DatabaseConfig config, MeterRegistry metrics, Duration patience) {
        return open(config, config.poolSize(), metrics, patience);
    }

    /**
     * The same for who opens more connections than this pool.
     *
     * @param connections all that will be opened; less room than that in PostgreSQL is waited for, and then refused
     */
    public static Database open(DatabaseConfig config, int connections, MeterRegistry metrics, Duration patience) {
        DatabaseProbe.Found found =
                new DatabaseProbe(config, connections, properties(config, SOCKET_TIMEOUT)).await(patience);
        Gauge.builder("tidemark_postgres_fsync", found, it -> it.instance().fsync() ? 1 : 0)
                .description(
                        "1 when PostgreSQL runs with fsync on; 0 when a crash of the machine may lose what was acknowledged")
                .strongReference(true)
                .register(metrics);
        if (found.pooled()) {
            LOG.info("connections go through a pooler database={}", config.location());
        }
        DatabaseConfig settled = config.preparing(found.pooled());
        return new Database(settled, pool(settled, "tidemark", settled.poolSize(), metrics));
    }

    /**
     * The same database through a pool of its own. A thread that is the only user of one of its connections gets the same one every time, as long as
     * it lives.
     */
    public Database withPool(String name, int size, MeterRegistry metrics) {
        return new Database(config, pool(config, name, size, metrics));
    }

    private static PatientPool pool(DatabaseConfig config, String name, int size, MeterRegistry metrics) {
        HikariConfig hikari = new HikariConfig();
        hikari.setPoolName(name);
        hikari.setJdbcUrl(config.jdbcUrl());
        hikari.setDataSourceProperties(properties(config, SOCKET_TIMEOUT));
        hikari.setMaximumPoolSize(size);
        hikari.setConnectionTimeout(ACQUIRE_TIMEOUT_MS);
        hikari.setValidationTimeout(VALIDATION_TIMEOUT_MS);
        OneForAll override = new OneForAll();
        hikari.setExceptionOverride(override);
        hikari.setMetricRegistry(metrics);
        HikariDataSource pool = new HikariDataSource(hikari);
        override.pool = pool.getHikariPoolMXBean();
        return new PatientPool(pool, System::nanoTime);
    }

    /**
     * Where one session has ended or its PostgreSQL become a standby, the others most likely have too, and the pool looks at those only that were idle for a
     * while: all are replaced, so that one caller meets it and not one after another. A new connection finds the primary. An answer that did not come in time
     * says nothing of the others.
     */
    private static final class OneForAll implements SQLExceptionOverride {
        /** The others' failures that follow are of sessions that are marked already. */
        private static final long ONCE_IN_NANOS = TimeUnit.SECONDS.toNanos(1);

        /** Null while the pool opens its first connection. */
        private volatile @Nullable HikariPoolMXBean pool;

        private final AtomicLong nextNanos = new AtomicLong(System.nanoTime());

        @java.lang.Override
        public Override adjudicate(SQLException e) {
            boolean standby = SqlStates.READ_ONLY.equals(e.getSQLState());
            if (standby || SqlStates.isSessionLost(e) && !(e.getCause() instanceof SocketTimeoutException)) {
                replaceAll();
            }
            return standby ? Override.MUST_EVICT : Override.CONTINUE_EVICT;
        }

        private void replaceAll() {
            HikariPoolMXBean all = pool;
            long now = System.nanoTime();
            long next = nextNanos.get();
            if (all != null && now - next >= 0 && nextNanos.compareAndSet(next, now + ONCE_IN_NANOS)) {
                all.softEvictConnections();
            }
        }
    }

    /**
     * A pooled connection in autocommit mode; closing it gives it back. An answer to a statement may take 10 s.
     *
     * @throws java.sql.SQLTransientConnectionException when none is free within 3 s; at once while PostgreSQL is known to be away
     */
    public Connection connection() throws SQLException {
        return pool.connection();
    }

    /**
     * A connection of the caller's own, outside the pool and its bounds: for one that listens, or runs statements that take long or must not
     * stand in a transaction. The caller closes it.
     *
     * @param socketTimeout how long an answer may take; zero waits for ever
     */
    public Connection unpooledConnection(Duration socketTimeout) throws SQLException {
        return unpooledConnection(config.jdbcUrl(), socketTimeout);
    }

    /** The same by another way to this database, with the same user and password where the URL names none. */
    public Connection unpooledConnection(String jdbcUrl, Duration socketTimeout) throws SQLException {
        return DriverManager.getConnection(jdbcUrl, properties(config, socketTimeout));
    }

    /** Queries on pooled connections; the names of the generated schemas are rendered as configured. */
    public DSLContext jooq() {
        return jooq;
    }

    /**
     * Runs queries, each in a database transaction of its own.
     *
     * @throws ApiException BROKER_NOT_AVAILABLE when the database, not the query, is the trouble
     */
    public <T extends @Nullable Object> T query(Function<DSLContext, T> query) {
        try {
            return query.apply(jooq);
        } catch (DataAccessException e) {
            throw explained(e);
        }
    }

    /** As {@link #query}, all in one database transaction, which is rolled back when the function throws. */
    public <T extends @Nullable Object> T transaction(Function<DSLContext, T> statements) {
        try {
            return jooq.transactionResult(transaction -> statements.apply(transaction.dsl()));
        } catch (DataAccessException e) {
            throw explained(e);
        }
    }

    /** Does work of queries and transactions, and once more where its session has ended under it: for what may be done twice. */
    public static <T extends @Nullable Object> T repeatably(Supplier<T> work) {
        try {
            return work.get();
        } catch (ApiException e) {
            if (e.getCause() instanceof SQLException cause && SqlStates.isSessionLost(cause)) {
                return work.get();
            }
            throw e;
        }
    }

    private static RuntimeException explained(DataAccessException e) {
        SQLException cause = SqlStates.sqlException(e);
        if (cause == null || SqlStates.state(cause).equals(SqlStates.LOCK_NOT_AVAILABLE)) {
            // A lock not had in time is for the caller to judge.
            return e;
        }
        return SqlStates.isUnavailable(cause) ? SqlStates.unavailable(cause) : e;
    }

    /** Connections of the pool. */
    public int poolSize() {
        return config.poolSize();
    }

    public SchemaNames schemas() {
        return config.schemas();
    }

    @Override
    public void close() {
        pool.close();
    }

    static Properties properties(DatabaseConfig config, Duration socketTimeout) {
        Properties properties = new Properties();
        if (config.user() != null) {
            properties.setProperty("user", config.user());
        }
        if (config.password() != null) {
            properties.setProperty("password", config.password());
        }
        properties.setProperty("ApplicationName", "tidemark-server");
        properties.setProperty("connectTimeout", Long.toString(CONNECT_TIMEOUT.toSeconds()));
        properties.setProperty("socketTimeout", Long.toString(socketTimeout.toSeconds()));
        properties.setProperty("tcpKeepAlive", "true");
        properties.setProperty("socketFactory", KeepAliveSockets.class.getName());
        // Of several hosts in the URL the one that may be written to; with one host, a standby is waited for until it
        // is promoted.
        properties.setProperty("targetServerType", "primary");
        properties.setProperty("prepareThreshold", Integer.toString(Math.max(0, config.prepareThreshold())));
        // Else the driver sets things by statements of its own once it is connected, which stay in a pooler's session.
        properties.setProperty("assumeMinServerVersion", "14");
        properties.setProperty("autosave", "never");
        // The detail of a server's error may quote a record; messages end up in logs.
        properties.setProperty("logServerErrorDetail", "false");
        return properties;
    }

    /** For jOOQ, which is to wait no longer than others. */
    private record PooledConnections(PatientPool pool) implements ConnectionProvider {
        @Override
        public Connection acquire() {
            try {
                return pool.connection();
            } catch (SQLException e) {
                throw new DataAccessException("no connection", e);
            }
        }

        @Override
        public void release(Connection connection) {
            try {
                connection.close();
            } catch (SQLException e) {
                throw new DataAccessException("a connection was not given back", e);
            }
        }
    }

    private static Settings settings(SchemaNames names) {
        return new Settings()
                .withExecuteLogging(false)
                .withRenderMapping(new RenderMapping()
                        .withSchemata(
                                new MappedSchema().withInput("tidemark").withOutput(names.schema()),
                                new MappedSchema()
                                        .withInput("tidemark_internal")
                                        .withOutput(names.internal())));
    }
}
