package dev.tidemark.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.server.postgres.DatabaseConfig;
import dev.tidemark.server.postgres.Migrator;
import dev.tidemark.server.postgres.StartException;
import dev.tidemark.server.testing.TestDatabase;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Servers under roles that may do what docs/operations.md, "Privileges", grants them, and nothing else. */
@Timeout(60)
class LeastPrivilegesTest {
    @RegisterExtension
    static final TestDatabase database = TestDatabase.empty();

    private final HttpClient client = HttpClient.newHttpClient();
    private final String role =
            "least_" + UUID.randomUUID().toString().replace("-", "").substring(0, 12);

    @BeforeEach
    void makeRoleThatMayOnlyConnect() throws SQLException {
        asAdministrator("drop schema if exists tidemark, tidemark_internal, topic cascade");
        asAdministrator("create role " + role + " login password 'least'");
        // What everybody has by default.
        asAdministrator("revoke all on database " + name() + " from public");
        asAdministrator("grant connect on database " + name() + " to " + role);
    }

    @AfterEach
    void dropRole() throws SQLException {
        // PostgreSQL 16 and later: who makes a role administers it, and is no member of it.
        asAdministrator("grant " + role + " to current_user");
        asAdministrator("drop owned by " + role + " cascade");
        asAdministrator("drop role " + role);
    }

    @Test
    void roleWithCreateOnTheDatabaseInstallsAndServes() throws Exception {
        asAdministrator("grant create on database " + name() + " to " + role);

        try (Server server = Server.start(config())) {
            serve(server.address());
        }
        assertThat(database.string("select string_agg(distinct pg_get_userbyid(relowner), ',') from pg_class c"
                        + " join pg_namespace n on n.oid = relnamespace where nspname ~ '^(tidemark|topic)'"))
                .isEqualTo(role);
    }

    @Test
    void roleThatOnlyOwnsTheSchemasServesWhatAnAdministratorMigrated() throws Exception {
        Migrator migrator = new Migrator(DatabaseConfig.of(url()));
        assertThatThrownBy(migrator::migrate)
                .isInstanceOf(StartException.class)
                .hasMessageContaining("has no schema tidemark_internal, tidemark, topic yet")
                .hasMessageContaining("GRANT CREATE ON DATABASE " + name() + " TO " + role)
                .hasMessageNotContaining("\n");
        asAdministrator("grant " + role + " to current_user");
        for (String schema : List.of("tidemark", "tidemark_internal", "topic")) {
            asAdministrator("create schema " + schema + " authorization " + role);
        }
        // As that role, from psql or elsewhere.
        try (Connection connection = DriverManager.getConnection(url());
                Statement statement = connection.createStatement()) {
            statement.execute(migrator.print()
                    .lines()
                    .filter(line -> !line.startsWith("\\"))
                    .collect(Collectors.joining("\n")));
        }

        try (Server server = Server.start(config())) {
            serve(server.address());
        }
    }

    @Test
    void serverUnderAnotherRoleThanTheOwnerSaysWhoOwnsTheTables() throws SQLException {
        new Migrator(database.config()).migrate();
        asAdministrator("grant usage, create on schema tidemark, tidemark_internal, topic to " + role);

        assertThatThrownBy(() -> Server.start(config()))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("has tables of role ")
                .hasMessageContaining(" TO " + role)
                .hasMessageNotContaining("\n");
    }

    @Test
    void databaseThatGivesTheRoleTooFewConnectionsIsRefusedInOneLine() throws SQLException {
        asAdministrator("alter role " + role + " connection limit 4");

        assertThatThrownBy(() -> Server.start(config("--db-start-timeout-ms=0")))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("opens 12, the connection limit of role " + role + " allows 4")
                .hasMessageNotContaining("\n");
    }

    /** Everything that needs a privilege of its own: a topic, a segment, records, their way back, and its end. */
    private void serve(URI address) throws Exception {
        String topic = "/v1/topics/least";
        call(
                address,
                "POST",
                "/v1/topics",
                "{\"name\":\"least\",\"partitions\":2,\"configs\":{\"segment.bytes\":\"1024\"}}");
        String records =
                "[" + "{\"value\":\"x\",\"partition\":0},".repeat(1_500) + "{\"value\":\"y\",\"partition\":0}]";
        for (int n = 0; n < 2; n++) {
            call(address, "POST", topic + "/records", "{\"records\":" + records + "}");
            call(address, "POST", topic + "/records", "{\"records\":[{\"value\":\"z\",\"partition\":1}]}");
        }
        call(address, "PATCH", topic, "{\"partition_count\":3,\"configs\":{\"retention.ms\":\"1000\"}}");
        assertThat(call(address, "GET", topic + "/partitions/0/records?offset=3001&decode=text", ""))
                .contains("\"y\"");
        assertThat(call(address, "GET", topic + "/partitions/0/offsets?at=2020-01-01T00:00:00Z", ""))
                .contains("\"offset\":0");
        assertThat(call(address, "POST", "/v1/producers", "")).contains("producer_id");
        try (Connection connection = DriverManager.getConnection(url());
                Statement statement = connection.createStatement()) {
            assertThat(statement
                            .executeQuery("select * from tidemark.verify('least')")
                            .next())
                    .isFalse();
        }
        call(address, "DELETE", topic, "");
        assertThat(call(address, "GET", "/health/ready", "")).isNotNull();
    }

    private String call(URI address, String method, String path, String body) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(address.resolve(path))
                .header("content-type", "application/json")
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .build();
        var answer = client.send(request, BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(answer.body()).isBetween(200, 299);
        return answer.body();
    }

    private static void asAdministrator(String sql) throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String name() throws SQLException {
        return database.string("select current_database()");
    }

    private String url() {
        return database.jdbcUrl().replaceFirst("\\?.*", "?user=" + role + "&password=least");
    }

    private ServerConfig config(String... flags) {
        return ServerConfig.read(
                java.util.stream.Stream.concat(
                                java.util.stream.Stream.of("--http-port=0"), java.util.stream.Stream.of(flags))
                        .toList(),
                Map.of("TIDEMARK_JDBC_URL", url()));
    }
}
