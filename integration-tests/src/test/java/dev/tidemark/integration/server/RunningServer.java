package dev.tidemark.integration.server;

import static org.awaitility.Awaitility.await;

import dev.tidemark.integration.door.BinaryClient;
import dev.tidemark.integration.door.HttpApi;
import dev.tidemark.integration.door.JsonClient;
import dev.tidemark.integration.door.LogClient;
import dev.tidemark.integration.door.SdkClient;
import dev.tidemark.server.Server;
import dev.tidemark.server.ServerConfig;
import dev.tidemark.server.testing.TestDatabase;
import java.net.URI;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A server in this JVM over a database of the test class's own, which keeps its promises after every test: see {@link TestDatabase}. With
 * {@code -Dtidemark.pgbouncer=true} it goes to the database by way of pgbouncer in transaction mode.
 *
 * <pre>{@code
 * @RegisterExtension
 * static final RunningServer server = new RunningServer();
 * }</pre>
 */
public final class RunningServer implements BeforeAllCallback, AfterEachCallback, AfterAllCallback {
    private static final AtomicInteger TOPICS = new AtomicInteger();

    private final TestDatabase database = new TestDatabase();
    private final HttpApi http = new HttpApi(this::uri);
    private final List<String> flags;
    private int port;
    private String scheme = "http";
    private @Nullable Server running;
    private @Nullable Pgbouncer pgbouncer;
    private boolean pooled = Boolean.getBoolean("tidemark.pgbouncer");

    /** @param flags of the server, beside where it listens and its database */
    public RunningServer(String... flags) {
        this.flags = List.of(flags);
    }

    /** The same with pgbouncer in transaction mode between server and database. */
    public RunningServer throughPgbouncer() {
        pooled = true;
        return this;
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        database.beforeAll(context);
        if (pooled) {
            pgbouncer = Pgbouncer.before(database.jdbcUrl(), "transaction");
        }
        start();
    }

    private void start() {
        List<String> all = new ArrayList<>(flags);
        String url = pgbouncer == null ? database.jdbcUrl() : pgbouncer.jdbcUrl();
        all.addAll(List.of("--http-port", Integer.toString(port), "--jdbc-url", url));
        running = Server.start(ServerConfig.read(all, Map.of()));
        port = running.address().getPort();
        scheme = running.address().getScheme();
        http.forgetConnections();
    }

    private void stop() {
        if (running != null) {
            running.close();
            running = null;
        }
    }

    /** Stops in order and starts again on the same port: what is read then comes from the database. */
    public void restart() {
        stop();
        start();
    }

    /** What a test does while no connection of the server's is open; the server runs again afterwards. */
    public interface Pause {
        void use(Connection connection) throws SQLException;
    }

    /** Stops, waits until PostgreSQL has seen the last connection go (and counted what it did), and starts again after the pause. */
    public void whileStopped(Pause pause) throws SQLException {
        stop();
        try (Connection connection = connect()) {
            await().until(() -> isAlone(connection));
            pause.use(connection);
        } finally {
            start();
        }
    }

    private static boolean isAlone(Connection connection) throws SQLException {
        try (Statement query = connection.createStatement();
                ResultSet row = query.executeQuery(
                        "select not exists (select from pg_stat_activity"
                                + " where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid())")) {
            row.next();
            return row.getBoolean(1);
        }
    }

    public URI uri() {
        return URI.create(scheme + "://127.0.0.1:" + port);
    }

    public HttpApi http() {
        return http;
    }

    public LogClient client(Door door) {
        return switch (door) {
            case SDK -> new SdkClient(uri());
            case BINARY -> new BinaryClient(http);
            case JSON -> new JsonClient(http);
        };
    }

    /** A name no other topic has. */
    public static String newName() {
        return "topic-" + TOPICS.incrementAndGet();
    }

    /** A meter's value as {@code /metrics} shows it; 0 when there is none yet. */
    public double meter(String name) {
        return meter(name, "");
    }

    /** @param label such as {@code source="tail"} */
    public double meter(String name, String label) {
        return Metrics.value(http.getText("/metrics"), name, label);
    }

    /** A connection of the test's own to the server's database. */
    public Connection connect() throws SQLException {
        return database.connect();
    }

    public String jdbcUrl() {
        return database.jdbcUrl();
    }

    /** By way of pgbouncer, where there is one between. */
    public String pooledUrl() {
        if (pgbouncer == null) {
            throw new IllegalStateException("there is no pgbouncer between");
        }
        return pgbouncer.jdbcUrl();
    }

    /** What {@code tidemark.verify} says now; it is asked after every test anyway. */
    public List<String> brokenPromises() throws SQLException {
        return database.brokenPromises();
    }

    @Override
    public void afterEach(ExtensionContext context) throws SQLException {
        database.afterEach(context);
    }

    @Override
    public void afterAll(ExtensionContext context) {
        stop();
        if (pgbouncer != null) {
            pgbouncer.close();
        }
        database.afterAll(context);
    }
}
