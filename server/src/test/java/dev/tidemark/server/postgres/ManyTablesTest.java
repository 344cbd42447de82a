package dev.tidemark.server.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.server.postgres.check.LockTable;
import dev.tidemark.server.testing.ManyTopics;
import dev.tidemark.server.testing.PostgresOfVersion;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * 500 topics of 6 partitions with data, on PostgreSQL's default settings: what reads everything still can, and all of it can be taken out again. Takes about a
 * minute, so only with {@code -Dtidemark.large=true}. On PostgreSQL 15, or whatever {@code -Dtidemark.large.postgres} says, because pg_dump has to be of that
 * version or later.
 */
@EnabledIfSystemProperty(named = "tidemark.large", matches = "true")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ManyTablesTest {
    private static final Logger LOG = LoggerFactory.getLogger(ManyTablesTest.class);
    private static final int TOPICS = 500;
    private static final int PARTITIONS = 6;
    private static final int RECORDS = 20;

    private static PostgresOfVersion postgres;

    @BeforeAll
    static void make() throws SQLException {
        postgres = PostgresOfVersion.start(Integer.getInteger("tidemark.large.postgres", 15));
        new Migrator(config()).migrate();
        long start = System.nanoTime();
        ManyTopics.make(postgres.jdbcUrl(), TOPICS, PARTITIONS, RECORDS);
        tell("made " + TOPICS + " topics", start);
    }

    @AfterAll
    static void stop() {
        postgres.close();
    }

    private static DatabaseConfig config() {
        return DatabaseConfig.of(postgres.jdbcUrl());
    }

    private static void tell(String what, long startNanos) {
        LOG.warn("{} in_ms={}", what, TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos));
    }

    @Test
    @Order(1)
    void wholeTopicsAreCounted() throws SQLException {
        long start = System.nanoTime();
        try (Connection connection = DriverManager.getConnection(postgres.jdbcUrl());
                Statement statement = connection.createStatement()) {
            for (int n = 1; n <= TOPICS; n++) {
                ResultSet count = statement.executeQuery("select count(*) from topic.many_" + n);
                count.next();
                assertThat(count.getInt(1)).isEqualTo(PARTITIONS * RECORDS);
            }
            LockTable table = LockTable.read(connection, "tidemark_internal");
            assertThat(table.leaves()).isEqualTo(TOPICS * PARTITIONS);
            assertThat(table.mostLeaves()).isEqualTo(PARTITIONS);
            LOG.warn("{} {}", table, table.shortage());
        }
        tell("counted every topic", start);
    }

    @Test
    @Order(2)
    void pgDumpWritesEverything(@TempDir Path folder) throws IOException, InterruptedException {
        long start = System.nanoTime();
        Path dump = folder.resolve("dump.sql");
        Process process = new ProcessBuilder(
                        "pg_dump", "--file=" + dump, postgres.jdbcUrl().substring("jdbc:".length()))
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        assertThat(dump).isNotEmptyFile();
        tell("pg_dump wrote bytes=" + dump.toFile().length(), start);
    }

    @Test
    @Order(3)
    void everythingIsUninstalled() throws SQLException {
        long start = System.nanoTime();
        new Uninstaller(config()).uninstall(line -> {});
        tell("uninstalled", start);
        try (Connection connection = DriverManager.getConnection(postgres.jdbcUrl());
                ResultSet left = connection
                        .createStatement()
                        .executeQuery("select count(*) from pg_class c join pg_namespace n on n.oid = relnamespace"
                                + " where nspname !~ '^(pg_|information_schema)'")) {
            left.next();
            assertThat(left.getInt(1)).isZero();
        }
    }
}
