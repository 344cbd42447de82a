package dev.tidemark.integration.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.tidemark.client.OffsetOutOfRangeException;
import dev.tidemark.client.TidemarkAdmin;
import dev.tidemark.client.TidemarkConsumer;
import dev.tidemark.client.TopicPartition;
import dev.tidemark.integration.load.NumberedProducer;
import dev.tidemark.integration.load.PartitionReader;
import dev.tidemark.integration.load.WrittenLog;
import dev.tidemark.integration.server.RunningServer;
import dev.tidemark.server.Server;
import dev.tidemark.server.ServerConfig;
import dev.tidemark.server.testing.PostgresOfVersion;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** The primary is killed and its standby promoted, under a server whose JDBC URL names both. */
@Timeout(180)
@EnabledOnOs(OS.LINUX)
class PromotedStandbyTest {
    private static final Duration PROMPTLY = Duration.ofSeconds(60);

    /** The backup functions are called so since 15. */
    private static final int VERSION = Math.max(15, Integer.getInteger("tidemark.postgres", 18));

    private final HttpClient http = HttpClient.newHttpClient();
    private final String topic = RunningServer.newName();
    private PostgresOfVersion primary;
    private PostgresOfVersion standby;

    @BeforeEach
    void startBoth() throws Exception {
        primary = PostgresOfVersion.start(VERSION);
        standby = primary.standby("second");
    }

    @AfterEach
    void stopBoth() {
        standby.close();
        primary.close();
    }

    private Server startServer(String moreOfUrl) {
        String url = primary.jdbcUrlWith(standby) + moreOfUrl;
        Server server = Server.start(ServerConfig.read(List.of("--http-port", "0", "--jdbc-url", url), Map.of()));
        try (TidemarkAdmin admin =
                TidemarkAdmin.builder().servers(server.address().toString()).build()) {
            admin.createTopic(topic, 1, Map.of());
        }
        return server;
    }

    private void waitForTheStandbyInEachCommit() throws SQLException {
        primary.ask("alter system set synchronous_standby_names = 'second'");
        primary.ask("select pg_reload_conf()");
        await().atMost(PROMPTLY).until(() -> "sync".equals(primary.ask("select sync_state from pg_stat_replication")));
    }

    private static int leaderEpoch(PostgresOfVersion postgres) throws SQLException {
        return Integer.parseInt(postgres.ask("select max(leader_epoch) from tidemark_internal.leader_epoch"));
    }

    private HttpResponse<String> produce(Server server, String acks, String value) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(
                        URI.create(server.address() + "/v1/topics/" + topic + "/records?acks=" + acks))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{\"records\":[{\"value\":\"" + value + "\"}]}"))
                .build();
        return http.send(request, BodyHandlers.ofString());
    }

    @Test
    void everythingThatWasAcknowledgedIsThereAndTheServerGoesOn() throws Exception {
        waitForTheStandbyInEachCommit();
        AtomicBoolean enough = new AtomicBoolean();
        try (Server server = startServer("");
                NumberedProducer producer =
                        new NumberedProducer("p", server.address().toString(), topic, 1)) {
            int before = leaderEpoch(primary);
            CompletableFuture<Void> producing = CompletableFuture.runAsync(
                    () -> {
                        while (!enough.get()) {
                            producer.send();
                        }
                    },
                    task -> new Thread(task).start());
            await().atMost(PROMPTLY).until(() -> producer.acknowledged() >= 500);

            primary.kill();
            standby.ask("select pg_promote()");

            long acknowledged = producer.acknowledged();
            await().atMost(PROMPTLY).until(() -> producer.acknowledged() >= acknowledged + 500);
            enough.set(true);
            producing.join();
            var places = producer.places();
            WrittenLog.assertHoldsExactly(
                    places, PartitionReader.readUntil(server.address().toString(), topic, () -> true));
            assertThat(leaderEpoch(standby)).isEqualTo(before + 1);
            assertThat(standby.ask("select count(*) from tidemark.verify('" + topic + "')"))
                    .isEqualTo("0");
        } finally {
            enough.set(true);
        }
    }

    /** The standby receives nothing from now on. */
    private void disconnectStandby() throws SQLException {
        standby.ask("alter system set primary_conninfo = ''");
        standby.ask("select pg_reload_conf()");
        await().atMost(PROMPTLY).until(() -> "0".equals(primary.ask("select count(*) from pg_stat_replication")));
    }

    @Test
    void consumerBeyondWhatTheStandbyHadReceivedIsTold() throws Exception {
        try (Server server = startServer("")) {
            assertThat(produce(server, "all", "kept").statusCode()).isEqualTo(200);
            await().atMost(PROMPTLY)
                    .until(
                            () -> "t"
                                    .equals(
                                            primary.ask(
                                                    "select bool_and(replay_lsn >= pg_current_wal_flush_lsn()) from pg_stat_replication")));
            int before = leaderEpoch(primary);
            disconnectStandby();
            for (int i = 0; i < 3; i++) {
                assertThat(produce(server, "1", "lost").statusCode()).isEqualTo(200);
            }

            primary.kill();
            standby.ask("select pg_promote()");

            await().atMost(PROMPTLY)
                    .until(() -> http.send(
                                            HttpRequest.newBuilder(URI.create(server.address() + "/health/ready"))
                                                    .build(),
                                            BodyHandlers.ofString())
                                    .statusCode()
                            == 200);
            TopicPartition partition = new TopicPartition(topic, 0);
            try (TidemarkConsumer<byte[], byte[]> consumer = TidemarkConsumer.builder()
                    .servers(server.address().toString())
                    .build()) {
                consumer.assign(List.of(partition));
                consumer.seek(partition, 4);
                OffsetOutOfRangeException told = catchThrowableOfType(
                        OffsetOutOfRangeException.class, () -> consumer.poll(Duration.ofSeconds(30)));
                assertThat(told).isNotNull();
                assertThat(told.logEndOffset()).isEqualTo(1);
            }
            assertThat(leaderEpoch(standby)).isEqualTo(before + 1);
            // A session with the primary that nobody has used since is found dead by an append, which is told so.
            HttpResponse<String> next = await().atMost(PROMPTLY)
                    .until(() -> produce(server, "all", "next"), answer -> answer.statusCode() == 200);
            assertThat(next.body()).contains("\"offset\":1,");
        }
    }

    @Test
    void appendToAStandbyIsAnsweredAsOneToTryAgain() throws Exception {
        // Who takes any server finds the standby when the primary is gone.
        try (Server server = startServer("&targetServerType=any")) {
            assertThat(produce(server, "all", "first").statusCode()).isEqualTo(200);
            await().atMost(PROMPTLY)
                    .until(
                            () -> "t"
                                    .equals(
                                            primary.ask(
                                                    "select bool_and(replay_lsn >= pg_current_wal_flush_lsn()) from pg_stat_replication")));

            primary.kill();

            await().atMost(PROMPTLY).untilAsserted(() -> {
                HttpResponse<String> refused = produce(server, "all", "second");
                assertThat(refused.statusCode()).isEqualTo(503);
                assertThat(refused.body()).contains("BROKER_NOT_AVAILABLE", "\"retriable\":true", "25006");
            });
            standby.ask("select pg_promote()");
            await().atMost(PROMPTLY).until(() -> produce(server, "all", "third").statusCode() == 200);
            assertThat(standby.ask("select count(*) from tidemark.verify('" + topic + "')"))
                    .isEqualTo("0");
        }
    }
}
