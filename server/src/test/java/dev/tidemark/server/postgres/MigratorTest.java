package dev.tidemark.server.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemark.server.testing.TestDatabase;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MigratorTest {
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
    static final TestDatabase defaults = TestDatabase.empty();

    @RegisterExtension
    static final TestDatabase newer = TestDatabase.empty();

    @RegisterExtension
    static final TestDatabase contracted = TestDatabase.empty();

    @RegisterExtension
    static final TestDatabase failing = TestDatabase.empty();

    @RegisterExtension
    static final TestDatabase audited = TestDatabase.empty();

    @RegisterExtension
    static final TestDatabase repeated = TestDatabase.empty();

    @RegisterExtension
    static final TestDatabase impatient = TestDatabase.empty();

    @RegisterExtension
    static final TestDatabase outgrown = TestDatabase.empty();

    @RegisterExtension
    static final TestDatabase migrated = new TestDatabase();

    @Test
    void printedSqlEndsWhereMigratingEnds() throws SQLException {
        Migrator byHand = new Migrator(printed.config());
        runAsPsqlWould(printed, byHand.print());
        new Migrator(fresh.config()).migrate();

        assertThat(Catalogue.of(printed)).isEqualTo(Catalogue.of(fresh));
        assertThat(byHand.migrate()).isZero();
        assertThat(byHand.print()).contains("0 pending migrations").doesNotContain("begin");
    }

    @Test
    void migratingAgainDoesNothing() throws SQLException {
        List<String> before = Catalogue.of(migrated);
        assertThat(new Migrator(migrated.config()).migrate()).isZero();
        assertThat(Catalogue.of(migrated)).isEqualTo(before);
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

    @ParameterizedTest
    @ValueSource(
            strings = {
                "table topic.theirs (id int)",
                "view topic.theirs as select 1",
                "sequence topic.theirs",
                "function topic.theirs() returns int language sql as 'select 1'",
                "type topic.theirs as enum ('a')",
                "type topic.theirs as (a int)",
                "domain topic.theirs as int",
                "operator topic.=== (leftarg = int, rightarg = int, function = int4eq)",
                "collation topic.theirs from \"C\"",
                "text search dictionary topic.theirs (template = simple)"
            })
    void schemaWithSomebodyElsesObjectsIsRefusedInOneLine(String object) throws SQLException {
        execute(foreign, "drop schema if exists topic cascade; create schema topic; create " + object);
        Migrator migrator = new Migrator(foreign.config());
        assertThatThrownBy(migrator::migrate)
                .isInstanceOf(StartException.class)
                .hasMessageContaining("has a schema topic that is not Tidemark's")
                .hasMessageContaining("TIDEMARK_TOPIC_SCHEMA")
                .hasMessageNotContaining("password")
                .hasMessageNotContaining("\n");
        assertThatThrownBy(migrator::print).isInstanceOf(StartException.class);
    }

    @Test
    void anotherProgramsFlywayHistoryIsNotTakenForOurs() throws SQLException {
        execute(
                foreign,
                "drop schema if exists topic cascade; create schema tidemark_internal;"
                        + " create table tidemark_internal.flyway_schema_history (installed_rank int); insert into"
                        + " tidemark_internal.flyway_schema_history values (7)");
        try {
            assertThatThrownBy(() -> new Migrator(foreign.config()).migrate())
                    .isInstanceOf(StartException.class)
                    .hasMessageContaining("has a schema tidemark_internal that is not Tidemark's");
        } finally {
            execute(foreign, "drop schema tidemark_internal cascade");
        }
    }

    @Test
    void emptySchemaWithDefaultPrivilegesIsUsed() throws SQLException {
        execute(
                defaults,
                "create schema topic; alter default privileges in schema topic grant select on tables to public");
        assertThat(new Migrator(defaults.config()).migrate()).isPositive();
    }

    @Test
    void newerDatabaseIsLeftAsItIsByAnOlderServerThatMayStillWorkOnIt() throws SQLException {
        new Migrator(newer.config()).migrate();
        assertThat(NextRelease.expanding(newer.config()).migrate()).isPositive();
        List<String> before = Catalogue.of(newer);

        assertThat(new Migrator(newer.config()).migrate()).isZero();
        assertThat(new Migrator(newer.config()).print()).contains("0 pending migrations");

        assertThat(Catalogue.of(newer)).isEqualTo(before);
        assertThat(newer.string("select pg_get_functiondef('tidemark_internal.log_end'::regproc)"))
                .contains("made_up");
        assertThat(NextRelease.expanding(newer.config()).migrate()).isZero();
    }

    @Test
    void serverOlderThanTheDatabaseAllowsIsRefusedInOneLine() {
        NextRelease.contracting(contracted.config()).migrate();
        assertThatThrownBy(() -> new Migrator(contracted.config()).migrate())
                .isInstanceOf(StartException.class)
                .hasMessageContaining("needs Tidemark " + NextRelease.contractingVersion() + " or later, and this is "
                        + ServerVersion.current())
                .hasMessageNotContaining("\n");
    }

    @Test
    void migrationThatFailsIsNamedAndNothingOfItStays() throws SQLException {
        execute(failing, "create schema tidemark; create schema tidemark_internal; create schema topic");
        new Migrator(failing.config()).migrate();
        execute(failing, "alter table tidemark_internal.batch add column made_up int");
        List<String> before = Catalogue.of(failing);

        assertThatThrownBy(() -> NextRelease.expanding(failing.config()).migrate())
                .isInstanceOf(StartException.class)
                .hasMessageContaining("V999__expand.sql failed: ERROR: column \"made_up\"")
                .hasMessageNotContaining("\n");
        assertThat(Catalogue.of(failing)).isEqualTo(before);
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

    @Test
    void appendsDoNotQueueForLongBehindAMigrationThatWaitsForAnAudit() throws Exception {
        new Migrator(audited.config()).migrate();
        CompletableFuture<Integer> migrating;
        try (Connection audit = auditOf("tidemark_internal.topic")) {
            migrating = CompletableFuture.supplyAsync(
                    () -> NextRelease.expanding(audited.config()).migrate(), task -> new Thread(task).start());
            // By then it has the lock on batches, which comes first.
            await().until(() -> waitingFor("tidemark_internal.topic"));
            try (Connection append = audited.connect();
                    Statement statement = append.createStatement()) {
                // A bound on a busy machine; the migration would wait for up to a minute.
                statement.setQueryTimeout(20);
                statement.execute("insert into tidemark_internal.batch select * from tidemark_internal.batch");
            }
            audit.rollback();
        }
        assertThat(migrating.get(1, TimeUnit.MINUTES)).isPositive();
    }

    @Test
    void migrationThatNeverGetsItsLockIsGivenUpAndNothingOfItStays() throws SQLException {
        new Migrator(impatient.config()).migrate();
        List<String> before = Catalogue.of(impatient);
        try (Connection audit = impatient.connect();
                Statement statement = audit.createStatement()) {
            audit.setAutoCommit(false);
            statement.execute("select from tidemark_internal.topic");
            assertThatThrownBy(() -> NextRelease.expanding(impatient.config(), Duration.ofSeconds(3))
                            .migrate())
                    .isInstanceOf(StartException.class)
                    .hasMessageContaining("V999__expand.sql failed: ERROR: canceling statement due to lock timeout");
        }
        assertThat(Catalogue.of(impatient)).isEqualTo(before);
    }

    @Test
    void whetherAServerMayGoOnIsAskedOverItsPool() throws SQLException {
        String role = "one_" + UUID.randomUUID().toString().substring(0, 8);
        new Migrator(outgrown.config()).migrate();
        execute(
                outgrown,
                "create role " + role + " login password 'one'; grant usage on schema"
                        + " tidemark_internal to " + role
                        + "; grant select on all tables in schema tidemark_internal to " + role);
        DatabaseConfig config = new DatabaseConfig(
                outgrown.jdbcUrl().replaceFirst("\\?.*", "") + "?user=" + role + "&password=one",
                null,
                null,
                2,
                DatabaseConfig.PREPARE_AS_FITS,
                SchemaNames.DEFAULT);
        try (Database pool = Database.open(config, new SimpleMeterRegistry(), Duration.ofSeconds(10))) {
            execute(outgrown, "alter role " + role + " connection limit 1");
            assertThat(new Migrator(config).outgrown(pool)).isEmpty();
            execute(outgrown, "update tidemark_internal.cluster set min_server_version = '99.0.0'");
            assertThat(new Migrator(config).outgrown(pool))
                    .hasValueSatisfying(why -> assertThat(why).hasMessageContaining("needs Tidemark 99.0.0 or later"));
        }
        // PostgreSQL 16 and later: who makes a role administers it, and is no member of it.
        execute(outgrown, "grant " + role + " to current_user; drop owned by " + role + "; drop role " + role);
    }

    @Test
    void printedSqlThatMeetsAnAuditStopsSoonAndIsPrintedAnewForTheRest() throws SQLException {
        new Migrator(repeated.config()).migrate();
        Migrator next = NextRelease.expanding(repeated.config());
        String script = next.print();
        try (Connection audit = repeated.connect();
                Statement statement = audit.createStatement()) {
            audit.setAutoCommit(false);
            statement.execute("select from tidemark_internal.batch");
            assertThatThrownBy(() -> runAsPsqlWould(repeated, script))
                    .isInstanceOfSatisfying(
                            SQLException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo(SqlStates.LOCK_NOT_AVAILABLE));
        }
        runAsPsqlWould(repeated, next.print());
        assertThat(next.migrate()).as("left to do").isZero();
    }

    private static Connection auditOf(String table) throws SQLException {
        Connection audit = audited.connect();
        audit.setAutoCommit(false);
        try (Statement statement = audit.createStatement()) {
            statement.execute("select from " + table);
        }
        return audit;
    }

    private static boolean waitingFor(String table) throws SQLException {
        return audited.string("select exists (select from pg_locks where not granted and relation = '" + table
                        + "'::regclass)")
                .equals("t");
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
    private static void runAsPsqlWould(TestDatabase database, String script) throws SQLException {
        assertThat(script.lines().filter(line -> line.startsWith("\\"))).containsExactly("\\set ON_ERROR_STOP on");
        execute(database, script.lines().filter(line -> !line.startsWith("\\")).collect(Collectors.joining("\n")));
    }

    private static void execute(TestDatabase database, String sql) throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            // For what waits for a lock without a bound.
            statement.setQueryTimeout(60);
            statement.execute(sql);
        }
    }
}
