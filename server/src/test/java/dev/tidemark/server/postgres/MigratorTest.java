package dev.tidemark.server.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.server.testing.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class MigratorTest {
    /** What a catalogue holds of a database's objects, as text that must not differ. */
    private static final List<String> CATALOGUE = List.of(
            "select table_schema, table_name, column_name, data_type, column_default, is_nullable"
                    + " from information_schema.columns where table_schema ~ 'tidemark|topic' order by 1, 2, 3",
            "select n.nspname, p.proname, pg_get_functiondef(p.oid), p.proacl from pg_proc p"
                    + " join pg_namespace n on n.oid = p.pronamespace where n.nspname ~ 'tidemark|topic' order by 1, 2, 3",
            "select schemaname, viewname, definition from pg_views where schemaname ~ 'tidemark|topic' order by 1, 2",
            "select schemaname, indexname, indexdef from pg_indexes where schemaname ~ 'tidemark|topic' order by 1, 2",
            "select c.conrelid::regclass::text, conname, pg_get_constraintdef(c.oid) from pg_constraint c"
                    + " join pg_namespace n on n.oid = c.connamespace where n.nspname ~ 'tidemark|topic' order by 1, 2",
            "select relname, relacl, reloptions from pg_class c join pg_namespace n on n.oid = relnamespace"
                    + " where n.nspname ~ 'tidemark|topic' order by 1",
            "select nspname, nspacl from pg_namespace where nspname ~ 'tidemark|topic' order by 1",
            "select installed_rank, version, description, type, script, checksum, installed_by, success"
                    + " from tidemark_internal.flyway_schema_history order by 1");

    @RegisterExtension
    static final TestDatabase fresh = TestDatabase.empty();

    @RegisterExtension
    static final TestDatabase printed = TestDatabase.empty();

    @RegisterExtension
    static final TestDatabase foreign = TestDatabase.empty();

    @RegisterExtension
    static final TestDatabase prepared = TestDatabase.empty();

    @RegisterExtension
    static final TestDatabase raced = TestDatabase.empty();

    @RegisterExtension
    static final TestDatabase migrated = new TestDatabase();

    @Test
    void printedSqlEndsWhereMigratingEnds() throws SQLException {
        Migrator byHand = new Migrator(printed.config());
        runAsPsqlWould(byHand.print());
        new Migrator(fresh.config()).migrate();

        assertThat(catalogue(printed)).isEqualTo(catalogue(fresh));
        assertThat(byHand.migrate()).isZero();
        assertThat(byHand.print()).contains("0 pending migrations").doesNotContain("begin");
    }

    @Test
    void migratingAgainDoesNothing() throws SQLException {
        List<String> before = catalogue(migrated);
        assertThat(new Migrator(migrated.config()).migrate()).isZero();
        assertThat(catalogue(migrated)).isEqualTo(before);
    }

    @Test
    void serversThatMigrateAtOnceDoNotDisturbEachOther() throws SQLException {
        // The common pool may have but one thread.
        Executor aThreadEach = task -> new Thread(task).start();
        List<CompletableFuture<Integer>> servers = Stream.generate(
                        () -> CompletableFuture.supplyAsync(() -> new Migrator(raced.config()).migrate(), aThreadEach))
                .limit(3)
                .toList();
        List<Integer> ran = servers.stream().map(CompletableFuture::join).toList();
        // Each migration once, whoever came to it first.
        int all = migrations(raced);
        assertThat(ran.stream().mapToInt(Integer::intValue).sum()).isEqualTo(all);
    }

    private static int migrations(TestDatabase database) throws SQLException {
        try (Connection connection = database.connect();
                ResultSet count = connection
                        .createStatement()
                        .executeQuery(
                                "select count(*) from tidemark_internal.flyway_schema_history where type = 'SQL'")) {
            count.next();
            return count.getInt(1);
        }
    }

    @Test
    void schemasMadeByAnAdministratorAreUsed() throws SQLException {
        execute(prepared, "create schema tidemark; create schema tidemark_internal; create schema topic");
        Migrator migrator = new Migrator(prepared.config());
        assertThat(migrator.print()).doesNotContain("create schema");
        assertThat(migrator.migrate()).isPositive();
    }

    @Test
    void schemaWithSomebodyElsesTablesIsRefusedInOneLine() throws SQLException {
        execute(foreign, "create schema topic; create table topic.theirs (id int)");
        Migrator migrator = new Migrator(foreign.config());
        assertThatThrownBy(migrator::migrate)
                .isInstanceOf(StartException.class)
                .hasMessageContaining("has a schema topic that is not Tidemark's")
                .hasMessageContaining("TIDEMARK_TOPIC_SCHEMA")
                .hasMessageNotContaining("password");
        assertThatThrownBy(migrator::print).isInstanceOf(StartException.class);
    }

    @Test
    void otherSchemaNamesLiveBesideEachOther() throws SQLException {
        DatabaseConfig other = withSchemas(migrated.config(), SchemaNames.of("other", "other_topic"));
        assertThat(new Migrator(other).migrate()).isPositive();
        try (Connection connection = migrated.connect();
                Statement statement = connection.createStatement()) {
            ResultSet count = statement.executeQuery("select count(*) from other.topics");
            count.next();
            assertThat(count.getInt(1)).isZero();
        }
    }

    @Test
    void databaseSetUpWithOtherTopicSchemaIsRefused() {
        DatabaseConfig other = withSchemas(migrated.config(), SchemaNames.of("tidemark", "elsewhere"));
        assertThatThrownBy(() -> new Migrator(other).migrate())
                .isInstanceOf(StartException.class)
                .hasMessageContaining("TIDEMARK_TOPIC_SCHEMA=topic");
    }

    private static DatabaseConfig withSchemas(DatabaseConfig config, SchemaNames schemas) {
        return new DatabaseConfig(
                config.jdbcUrl(),
                config.user(),
                config.password(),
                config.poolSize(),
                config.prepareThreshold(),
                schemas);
    }

    /** All of psql's language the script uses is one line that makes it stop at an error, as JDBC does anyway. */
    private static void runAsPsqlWould(String script) throws SQLException {
        assertThat(script.lines().filter(line -> line.startsWith("\\"))).containsExactly("\\set ON_ERROR_STOP on");
        execute(printed, script.lines().filter(line -> !line.startsWith("\\")).collect(Collectors.joining("\n")));
    }

    private static void execute(TestDatabase database, String sql) throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static List<String> catalogue(TestDatabase database) throws SQLException {
        List<String> lines = new ArrayList<>();
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            for (String query : CATALOGUE) {
                ResultSet rows = statement.executeQuery(query);
                int columns = rows.getMetaData().getColumnCount();
                while (rows.next()) {
                    StringBuilder line = new StringBuilder();
                    for (int column = 1; column <= columns; column++) {
                        line.append(rows.getString(column)).append(" | ");
                    }
                    lines.add(line.toString());
                }
            }
        }
        assertThat(lines).hasSizeGreaterThan(50);
        return lines;
    }
}
