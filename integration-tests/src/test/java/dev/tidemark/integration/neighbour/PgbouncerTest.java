package dev.tidemark.integration.neighbour;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemark.integration.door.JsonClient;
import dev.tidemark.integration.door.Message;
import dev.tidemark.integration.load.NumberedProducer;
import dev.tidemark.integration.load.PartitionReader;
import dev.tidemark.integration.load.WrittenLog;
import dev.tidemark.integration.server.Pgbouncer;
import dev.tidemark.integration.server.RunningServer;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.postgres.DatabaseConfig;
import dev.tidemark.server.postgres.Migrator;
import dev.tidemark.server.postgres.StartException;
import dev.tidemark.server.testing.TestDatabase;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A server behind pgbouncer in transaction mode, Debian's version of it, which follows no prepared statements: it works, and leaves nothing of its own in
 * the sessions that others get after it.
 */
@ExtendWith(PgbouncerTest.WherePgbouncerIs.class)
class PgbouncerTest {
    /** What pgbouncer itself sets for each client. */
    private static final String KEPT_BY_PGBOUNCER =
            "'client_encoding', 'DateStyle', 'TimeZone', 'standard_conforming_strings', 'application_name'";

    private static final String LEFT_BEHIND = """
            select 'prepared statement ' || name || ': ' || statement from pg_prepared_statements
            union all
            select 'setting ' || name || '=' || setting from pg_settings
            where source = 'session' and name not in (%s)
            union all
            select 'advisory lock ' || objid from pg_locks where pid = pg_backend_pid() and locktype = 'advisory'
            union all
            select 'cursor ' || name from pg_cursors where name <> '' -- the query's own has none
            union all
            select 'channel ' || c from pg_listening_channels() c
            """.formatted(KEPT_BY_PGBOUNCER);

    static final class WherePgbouncerIs implements ExecutionCondition {
        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            return Pgbouncer.isInstalled()
                    ? ConditionEvaluationResult.enabled("pgbouncer is there")
                    : ConditionEvaluationResult.disabled(
                            "no pgbouncer is installed (Debian: apt-get install pgbouncer)");
        }
    }

    @RegisterExtension
    static final RunningServer server = new RunningServer().throughPgbouncer();

    @RegisterExtension
    static final TestDatabase empty = TestDatabase.empty();

    private final String topic = RunningServer.newName();

    @Test
    void serverDoesItsWorkAndLeavesNothingInTheSessionsItUsed() throws Exception {
        JsonClient client = new JsonClient(server.http());
        client.createTopic(topic, 3, Map.of("segment.bytes", "1024"));
        // Often enough for pgjdbc to prepare whatever it would.
        for (int n = 0; n < 20; n++) {
            client.produce(topic, Message.numbered(0, n, 1));
            client.describeTopic(topic);
            client.latest(topic, 0);
        }
        client.produce(topic, Message.numbered(1, 0, 2_500));
        for (int n = 0; n < 20; n++) {
            Map<String, Object> offset = Map.of("topic", topic, "partition", 1, "committed_offset", n);
            server.http().post("/v1/groups/" + topic + "/offsets", Map.of("offsets", List.of(offset)));
            server.http().get("/v1/groups/" + topic + "/offsets");
            server.http().get("/v1/groups/" + topic);
        }
        assertThat(server.http()
                        .post("/v1/groups/" + topic + "/offsets/reset", Map.of("to", "latest"))
                        .at("/offsets/0/committed_offset")
                        .asLong())
                .isEqualTo(2_500);
        try (NumberedProducer producer = new NumberedProducer("p", server.uri().toString(), topic + "-sdk", 1)) {
            client.createTopic(topic + "-sdk", 1, Map.of());
            for (int n = 0; n < 3_000; n++) {
                producer.send();
            }
            WrittenLog.assertHoldsExactly(
                    producer.places(), PartitionReader.readUntil(server.uri().toString(), topic + "-sdk", () -> true));
        }
        server.restart();
        assertThat(client.read(topic, 1, 0, 2_500)).hasSize(2_500);
        client.deleteTopic(topic);

        assertThat(leftBehind(server.pooledUrl())).isEmpty();
    }

    @Test
    void recordsProducedInTransactionsThroughItArriveAndLeaveNothing() throws Exception {
        JsonClient client = new JsonClient(server.http());
        client.createTopic(topic, 1, Map.of("value.type", "text"));
        try (Connection caller =
                DriverManager.getConnection(server.pooledUrl() + "&prepareThreshold=0&assumeMinServerVersion=14")) {
            caller.setAutoCommit(false);
            for (int n = 0; n < 20; n++) {
                try (Statement statement = caller.createStatement()) {
                    statement.execute("select tidemark.produce('" + topic + "', null, '" + n + "')");
                }
                caller.commit();
            }
        }
        await().atMost(Duration.ofSeconds(30)).until(() -> client.latest(topic, 0) == 20);

        assertThat(leftBehind(server.pooledUrl())).isEmpty();
    }

    @Test
    void schemaIsMigratedThroughItAndNothingIsLeftEither() throws Exception {
        try (Pgbouncer pgbouncer = Pgbouncer.before(empty.jdbcUrl(), "transaction")) {
            Migrator migrator = new Migrator(DatabaseConfig.of(pgbouncer.jdbcUrl()));
            assertThat(migrator.migrate()).isPositive();
            assertThat(migrator.migrate()).isZero();
            assertThat(leftBehind(pgbouncer.jdbcUrl())).isEmpty();
        }
        assertThat(new Migrator(empty.config()).migrate())
                .as("what is left to do")
                .isZero();
    }

    @Test
    void poolerThatKnowsNoTransactionsIsRefusedInOneLine() {
        try (Pgbouncer pgbouncer = Pgbouncer.before(empty.jdbcUrl(), "statement")) {
            assertThatThrownBy(() -> Database.open(
                            DatabaseConfig.of(pgbouncer.jdbcUrl()), new SimpleMeterRegistry(), Duration.ofSeconds(20)))
                    .isInstanceOf(StartException.class)
                    .hasMessageContaining("statement pooling")
                    .hasMessageNotContaining("\n");
        }
    }

    /** Looks into every session of the pool, by holding all of them at once. */
    private static List<String> leftBehind(String pooledUrl) throws SQLException {
        List<Connection> clients = new ArrayList<>();
        List<String> left = new ArrayList<>();
        Set<Integer> sessions = new HashSet<>();
        try {
            for (int n = 0; n < Pgbouncer.POOL_SIZE; n++) {
                Connection client =
                        DriverManager.getConnection(pooledUrl + "&prepareThreshold=0&assumeMinServerVersion=14");
                clients.add(client);
                client.setAutoCommit(false);
                try (Statement query = client.createStatement()) {
                    ResultSet session = query.executeQuery("select pg_backend_pid()");
                    session.next();
                    sessions.add(session.getInt(1));
                    ResultSet rows = query.executeQuery(LEFT_BEHIND);
                    while (rows.next()) {
                        left.add(rows.getString(1));
                    }
                }
            }
        } finally {
            for (Connection client : clients) {
                client.close();
            }
        }
        assertThat(sessions).hasSize(Pgbouncer.POOL_SIZE);
        return left;
    }
}
