package dev.tidemark.integration.neighbour;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.integration.door.HttpApi;
import dev.tidemark.integration.door.JsonClient;
import dev.tidemark.integration.door.Message;
import dev.tidemark.integration.load.NumberedProducer;
import dev.tidemark.integration.load.PartitionReader;
import dev.tidemark.integration.load.WrittenLog;
import dev.tidemark.protocol.api.PartitionDescription;
import dev.tidemark.server.Server;
import dev.tidemark.server.ServerConfig;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.postgres.DatabaseConfig;
import dev.tidemark.server.testing.PostgresOfVersion;
import dev.tidemark.server.topic.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The life of a topic on each PostgreSQL we support; all other tests run on one of them. {@code -Dtidemark.postgres=14} runs those on another. */
@EnabledOnOs(OS.LINUX)
class PostgresVersionsTest {
    private static final String TOPIC = "life";
    private static final int RECORDS = 3_000;

    @ParameterizedTest
    @ValueSource(ints = {14, 15, 16, 17, 18})
    void topicLivesFromCreationToDeletion(int version) throws Exception {
        try (PostgresOfVersion postgres = PostgresOfVersion.start(version);
                Server server = Server.start(
                        ServerConfig.read(List.of("--http-port=0", "--jdbc-url=" + postgres.jdbcUrl()), Map.of()))) {
            assertThat(number(postgres, "select current_setting('server_version_num')::int / 10000"))
                    .isEqualTo(version);
            String uri = server.address().toString();
            JsonClient client = new JsonClient(new HttpApi(server::address));
            client.createTopic(TOPIC, 2, Map.of("segment.bytes", "1024", "value.type", "text"));

            // One by one and many at once take different ways.
            client.produce(TOPIC, Message.of("p:0"));
            client.deleteTopic(TOPIC);
            client.createTopic(TOPIC, 2, Map.of("segment.bytes", "1024", "value.type", "text"));
            try (NumberedProducer producer = new NumberedProducer("p", uri, TOPIC, 2)) {
                for (int n = 0; n < RECORDS; n++) {
                    producer.send();
                }
                WrittenLog.assertHoldsExactly(producer.places(), PartitionReader.readUntil(uri, TOPIC, () -> true));
            }
            assertThat(client.describeTopic(TOPIC).partitions())
                    .extracting(PartitionDescription::segments)
                    .allSatisfy(segments -> assertThat(segments).isGreaterThan(1));
            assertThat(number(postgres, "select count(*) from topic.life")).isEqualTo(RECORDS);
            // More than are sorted for a slice, and fewer.
            produceInTransaction(postgres, 21_000);
            produceInTransaction(postgres, 3);
            assertThat(number(postgres, "select count(*) from tidemark.verify('life')"))
                    .isZero();

            commitOffsets(new HttpApi(server::address), postgres);
            client.deleteTopic(TOPIC);
            await().atMost(Duration.ofSeconds(30)).until(() -> isDropped(postgres));
        }
    }

    private static void commitOffsets(HttpApi http, PostgresOfVersion postgres) throws SQLException {
        for (int n = 1; n <= 10; n++) {
            Map<String, Object> offset = Map.of("topic", TOPIC, "partition", 0, "committed_offset", n);
            http.post("/v1/groups/g/offsets", Map.of("offsets", List.of(offset)));
        }
        try (Connection connection = DriverManager.getConnection(postgres.jdbcUrl());
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
            statement.execute(
                    "select tidemark.commit_offsets('g', null, null, 'life', array[0, 1], array[11, 1]::bigint[])");
            connection.commit();
        }
        assertThat(http.get("/v1/groups/g").findValuesAsText("committed_offset"))
                .containsExactly("11", "1");
        assertThat(number(postgres, "select sum(committed_offset) from tidemark.consumer_lag"))
                .isEqualTo(12);
        assertThat(number(postgres, "select count(*) from tidemark.offset_commits"))
                .isEqualTo(12);
        assertThat(number(postgres, "select count(*) from tidemark.consumer_groups where state = 'Empty'"))
                .isEqualTo(1);
        assertThat(number(postgres, "select count(*) from tidemark.partition_owners"))
                .isZero();
        assertThat(number(postgres, "select count(*) from tidemark.verify('life')"))
                .isZero();
        http.post("/v1/groups/g/offsets/reset", Map.of("to", "earliest"));
        assertThat(number(postgres, "select sum(lag) from tidemark.consumer_lag"))
                .isEqualTo(number(postgres, "select count(*) from topic.life"));
    }

    private static void produceInTransaction(PostgresOfVersion postgres, int count) throws SQLException {
        long before = number(postgres, "select count(*) from topic.life");
        number(
                postgres,
                "select max(tidemark.produce('life', n::text, '{}'::json, '{\"h\":\"1\"}')) from generate_series(1, "
                        + count + ") n");
        await().atMost(Duration.ofSeconds(30))
                .until(() -> number(postgres, "select count(*) from topic.life") == before + count);
        assertThat(number(postgres, "select count(*) from tidemark.staged")).isZero();
    }

    /** Housekeeping does the same every so often. */
    private static boolean isDropped(PostgresOfVersion postgres) throws SQLException {
        try (Database database = Database.open(
                DatabaseConfig.of(postgres.jdbcUrl()), new SimpleMeterRegistry(), Duration.ofSeconds(10))) {
            new Topics(database).dropDeleted();
        }
        return number(postgres, "select count(*) from tidemark_internal.topic") == 0
                && number(postgres, "select count(*) from pg_class where relname ~ '^topic_[0-9]+'") == 0;
    }

    private static long number(PostgresOfVersion postgres, String query) throws SQLException {
        try (Connection connection = DriverManager.getConnection(postgres.jdbcUrl());
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            row.next();
            return row.getLong(1);
        }
    }
}
