package dev.tidemark.server.testing;

import static org.awaitility.Awaitility.await;

import dev.tidemark.embedded.EmbeddedPostgres;
import dev.tidemark.embedded.EmbeddedPostgresException;
import dev.tidemark.server.postgres.DatabaseConfig;
import dev.tidemark.server.postgres.Migrator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.slf4j.LoggerFactory;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.postgresql.PostgreSQLContainer;

/**
 * The PostgreSQL of a test run: the one {@code TIDEMARK_TEST_JDBC_URL} names (its user may create databases), else of the major version that
 * {@code -Dtidemark.postgres} names, else one in Docker, else an embedded one. Started at the first use, stopped when the run ends.
 */
final class TestPostgres implements ExtensionContext.Store.CloseableResource, AutoCloseable {
    private static final String IMAGE = "postgres:18";
    private static final Duration AUTOVACUUM_ENDS_WITHIN = Duration.ofSeconds(30);

    private final String jdbcUrl;
    private final AutoCloseable server;
    private final String prefix =
            "tidemark_test_" + UUID.randomUUID().toString().substring(0, 8) + "_";
    private final AtomicInteger databases = new AtomicInteger();

    private TestPostgres(String jdbcUrl, AutoCloseable server) {
        this.jdbcUrl = jdbcUrl;
        this.server = server;
        execute("create database " + template());
        new Migrator(DatabaseConfig.of(url(template()))).migrate();
    }

    static TestPostgres of(ExtensionContext context) {
        return context.getRoot()
                .getStore(ExtensionContext.Namespace.GLOBAL)
                .getOrComputeIfAbsent(TestPostgres.class, unused -> start(), TestPostgres.class);
    }

    private static TestPostgres start() {
        String given = System.getenv("TIDEMARK_TEST_JDBC_URL");
        if (given != null) {
            return new TestPostgres(given, () -> {});
        }
        Integer major = Integer.getInteger("tidemark.postgres");
        if (major != null) {
            PostgresOfVersion postgres = PostgresOfVersion.start(major);
            return new TestPostgres(postgres.jdbcUrl(), postgres);
        }
        if (DockerClientFactory.instance().isDockerAvailable()) {
            try {
                return inDocker();
            } catch (RuntimeException noImage) {
                LoggerFactory.getLogger(TestPostgres.class).warn("no {} in Docker, so embedded", IMAGE, noImage);
            }
        }
        EmbeddedPostgres embedded = embedded();
        return new TestPostgres(embedded.jdbcUrl(), embedded);
    }

    private static TestPostgres inDocker() {
        PostgreSQLContainer container = new PostgreSQLContainer(IMAGE);
        container.start();
        String url = container.getJdbcUrl();
        String user = "user=" + container.getUsername() + "&password=" + container.getPassword();
        return new TestPostgres(url + (url.contains("?") ? "&" : "?") + user, container);
    }

    /** In the build's own folder, so that only the first run unpacks it; elsewhere where that is in use, or PostgreSQL's user cannot reach it. */
    private static EmbeddedPostgres embedded() {
        try {
            return start(Path.of("target", "test-postgres").toAbsolutePath());
        } catch (EmbeddedPostgresException notHere) {
            return start(temporaryFolder());
        }
    }

    private static EmbeddedPostgres start(Path folder) {
        return EmbeddedPostgres.start(folder, Duration.ofSeconds(10), () -> {});
    }

    private static Path temporaryFolder() {
        try {
            Path folder = Files.createTempDirectory("tidemark-test");
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
            return folder;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** Makes a migrated database and returns its complete URL. */
    String createDatabase() {
        String name = prefix + databases.incrementAndGet();
        execute("create database " + name + " template " + template());
        return url(name);
    }

    /** Makes a database with nothing in it and returns its complete URL. */
    String createEmptyDatabase() {
        String name = prefix + databases.incrementAndGet();
        execute("create database " + name);
        return url(name);
    }

    void dropDatabase(String url) {
        String drop = "drop database " + databaseName(url) + " with (force)";
        await().atMost(AUTOVACUUM_ENDS_WITHIN)
                .ignoreExceptionsMatching(TestPostgres::isOfAutovacuum)
                .untilAsserted(() -> execute(drop));
    }

    /** Which works in the database just now, and may be ended by a superuser only. */
    private static boolean isOfAutovacuum(Throwable failure) {
        return failure.getCause() instanceof SQLException refused
                && refused.getSQLState().equals("42501");
    }

    private String template() {
        return prefix + "template";
    }

    private String url(String database) {
        return jdbcUrl.replaceFirst("/" + databaseName(jdbcUrl) + "($|\\?)", "/" + database + "$1");
    }

    private static String databaseName(String url) {
        return url.replaceFirst("\\?.*", "").replaceFirst(".*/", "");
    }

    private void execute(String sql) {
        try (Connection connection = DriverManager.getConnection(jdbcUrl);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException failure) {
            throw new IllegalStateException(failure);
        }
    }

    @Override
    public void close() throws Exception {
        try {
            dropDatabase(url(template()));
        } finally {
            server.close();
        }
    }
}
