package dev.tidemark.integration.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tidemark.client.RecordMetadata;
import dev.tidemark.integration.door.Answers;
import dev.tidemark.integration.door.Fetched;
import dev.tidemark.integration.door.HttpApi;
import dev.tidemark.integration.door.JsonClient;
import dev.tidemark.integration.door.Message;
import dev.tidemark.integration.door.Refused;
import dev.tidemark.integration.door.Stored;
import dev.tidemark.integration.door.WireClient;
import dev.tidemark.integration.door.WireClient.Bounds;
import dev.tidemark.integration.load.NumberedProducer;
import dev.tidemark.integration.load.PartitionReader;
import dev.tidemark.integration.load.WrittenLog;
import dev.tidemark.integration.server.Door;
import dev.tidemark.integration.server.Metrics;
import dev.tidemark.integration.server.RunningServer;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.Server;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class SeveralServersTest {
    private static final Bounds LONG_POLL = Bounds.DEFAULT.withMaxWaitMs(30_000);

    @RegisterExtension
    static final RunningServer server = new RunningServer();

    @RegisterExtension
    static final TwoServers servers = new TwoServers(server);

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final String topic = RunningServer.newName();
    private final WireClient first = servers.onFirst(Door.JSON);
    private final WireClient second = servers.onSecond(Door.JSON);

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    private <T> CompletableFuture<T> inBackground(Supplier<T> work) {
        return CompletableFuture.supplyAsync(work, threads);
    }

    private static List<String> addresses(HttpApi http) {
        List<String> addresses = new ArrayList<>();
        for (JsonNode one : http.get("/v1/cluster").get("servers")) {
            addresses.add(one.get("address").textValue());
        }
        return addresses;
    }

    private static List<String> values(List<Stored> records) {
        return records.stream().map(stored -> stored.content().valueText()).toList();
    }

    @Test
    void everyServerListsAllAndAStoppedOneIsGoneAtOnce() {
        String third;
        try (Server more =
                TwoServers.start(server.jdbcUrl(), List.of("--advertised-url", "http://third.example.com"))) {
            third = "http://third.example.com";
            assertThat(addresses(server.http()))
                    .containsExactly(
                            server.uri().toString(), servers.secondUri().toString(), third);
            assertThat(addresses(servers.secondHttp())).isEqualTo(addresses(server.http()));
            assertThat(addresses(new HttpApi(more::address))).isEqualTo(addresses(server.http()));
        }
        assertThat(addresses(server.http())).hasSize(2).doesNotContain(third);
    }

    @Test
    void appendOnOneServerWakesAFetchThatWaitsOnAnother() {
        first.createTopic(topic, 1, Map.of());
        double notices = servers.secondMeter("tidemark_cluster_notices_received_total");
        for (int n = 0; n < 10; n++) {
            CompletableFuture<Fetched> waiting = second.fetchAsync(topic, 0, n, LONG_POLL);
            await().until(() -> servers.secondMeter("tidemark_fetch_waiting") == 1);

            first.produce(topic, Message.of("" + n));

            assertThat(values(Answers.join(waiting).records())).containsExactly("" + n);
        }
        assertThat(servers.secondMeter("tidemark_cluster_listening")).isEqualTo(1);
        assertThat(servers.secondMeter("tidemark_cluster_notices_received_total"))
                .isGreaterThanOrEqualTo(notices + 10);
    }

    /** The notice came while nobody waited there: the next to come must not wait behind it. */
    @Test
    void fetchThatComesAfterTheNoticeFindsTheRecord() {
        first.createTopic(topic, 1, Map.of());
        second.fetch(topic, 0, 0);
        for (int n = 0; n < 10; n++) {
            first.produce(topic, Message.of("" + n));

            assertThat(values(Answers.join(second.fetchAsync(topic, 0, n, LONG_POLL))
                            .records()))
                    .containsExactly("" + n);
        }
    }

    @Test
    void acknowledgedOnOneServerIsTheLatestOffsetOnEveryOther() {
        first.createTopic(topic, 1, Map.of());
        for (int n = 0; n < 20; n++) {
            WireClient here = n % 2 == 0 ? first : second;
            WireClient there = n % 2 == 0 ? second : first;
            here.produce(topic, Message.of("" + n));

            assertThat(there.latest(topic, 0)).isEqualTo(n + 1);
            assertThat(there.fetch(topic, 0, n + 1).highWatermark()).isEqualTo(n + 1);
            assertThat(there.fetch(topic, 0, n).records()).hasSize(1);
        }
    }

    @Test
    void brokenListenerConnectsAgainAndHears() throws Exception {
        first.createTopic(topic, 1, Map.of());
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
                            + " and pid <> pg_backend_pid() and (query like 'listen %' or query like '%pg_notify%')");
        }
        await().until(() -> servers.secondMeter("tidemark_cluster_listening") == 1
                && server.meter("tidemark_cluster_listening") == 1);
        double notices = servers.secondMeter("tidemark_cluster_notices_received_total");
        second.fetch(topic, 0, 0);

        await().untilAsserted(() -> {
            first.produce(topic, Message.of("v"));
            assertThat(servers.secondMeter("tidemark_cluster_notices_received_total"))
                    .isGreaterThan(notices);
        });
    }

    @Test
    void serverThatHearsNothingPollsAndOneWithAWayOfItsOwnHears() {
        first.createTopic(topic, 1, Map.of());
        // Channels are a database's own: in another one nothing of ours is ever heard, as behind a pooler.
        String elsewhere = server.jdbcUrl().replaceFirst("/[^/?]+\\?", "/postgres?");
        try (Server deaf = TwoServers.start(server.jdbcUrl(), List.of("--listen-jdbc-url", elsewhere));
                Server hears = TwoServers.start(server.jdbcUrl(), List.of("--listen-jdbc-url", server.jdbcUrl()))) {
            HttpApi deafApi = new HttpApi(deaf::address);
            await().until(() ->
                    meter(hears, "tidemark_cluster_listening") == 1 && meter(deaf, "tidemark_cluster_servers") == 4);
            for (int n = 0; n < 10; n++) {
                CompletableFuture<Fetched> waiting = new JsonClient(deafApi).fetchAsync(topic, 0, n, LONG_POLL);
                await().until(() -> meter(deaf, "tidemark_fetch_waiting") == 1);
                first.produce(topic, Message.of("" + n));
                assertThat(values(Answers.join(waiting).records())).containsExactly("" + n);
            }
            assertThat(meter(deaf, "tidemark_cluster_listening")).isZero();
            assertThat(meter(deaf, "tidemark_cluster_notices_received_total")).isZero();
        }
    }

    private static double meter(Server of, String name) {
        return Metrics.value(new HttpApi(of::address).getText("/metrics"), name, "");
    }

    @Test
    void falseNoticesChangeNothingThatIsAnswered() throws Exception {
        first.createTopic(topic, 1, Map.of());
        first.produce(topic, Message.of("0"));
        second.read(topic, 0, 0, 1);
        CompletableFuture<Fetched> waiting = second.fetchAsync(topic, 0, 1, LONG_POLL);
        await().until(() -> servers.secondMeter("tidemark_fetch_waiting") == 1);
        double received = servers.secondMeter("tidemark_cluster_notices_received_total");
        double unreadable = servers.secondMeter("tidemark_cluster_notices_unreadable_total");

        try (Connection connection = server.connect();
                Statement neighbour = connection.createStatement()) {
            neighbour.execute(
                    "select pg_notify('tidemark_internal', 'x ' || string_agg(to_hex(i) || ':zzzzzzzzzzz,', ''))"
                            + " from generate_series(1, 9) i");
            neighbour.execute("select pg_notify('tidemark_internal', 'x *')");
            neighbour.execute(
                    "select pg_notify('tidemark_internal', p) from unnest(array['', ' ', 'x', 'x 1', 'x zzzzzz:1,', 'x 1:1,*']) p");
        }
        await().until(() -> servers.secondMeter("tidemark_cluster_notices_received_total") >= received + 2
                && servers.secondMeter("tidemark_cluster_notices_unreadable_total") >= unreadable + 6);

        assertThat(waiting).isNotDone();
        assertThat(second.fetch(topic, 0, 1).highWatermark()).isEqualTo(1);
        assertThat(second.latest(topic, 0)).isEqualTo(1);
        first.produce(topic, Message.of("1"));
        assertThat(values(Answers.join(waiting).records())).containsExactly("1");
    }

    @Test
    void ofTwoThatCreateATopicAtOnceOneIsTold409() {
        for (int i = 0; i < 10; i++) {
            String name = topic + "-" + i;
            CompletableFuture<String> one = inBackground(() -> created(first, name));
            CompletableFuture<String> other = inBackground(() -> created(second, name));

            assertThat(List.of(one.join(), other.join())).containsExactlyInAnyOrder("created", "TOPIC_ALREADY_EXISTS");
        }
    }

    private static String created(WireClient client, String name) {
        return outcome(() -> client.createTopic(name, 3, Map.of()), "created");
    }

    private static String outcome(Runnable call, String success) {
        try {
            call.run();
            return success;
        } catch (Refused refused) {
            return refused.error().name();
        }
    }

    @Test
    void twoThatAddPartitionsAtOnceNeverTakeAnyAway() {
        first.createTopic(topic, 1, Map.of());
        for (int count = 2; count < 12; count += 2) {
            int more = count;
            CompletableFuture<String> one = inBackground(() -> outcome(() -> first.addPartitions(topic, more), "ok"));
            CompletableFuture<String> other =
                    inBackground(() -> outcome(() -> second.addPartitions(topic, more + 1), "ok"));

            assertThat(one.join()).isIn("ok", "INVALID_PARTITIONS");
            assertThat(other.join()).isEqualTo("ok");
            assertThat(first.describeTopic(topic).partitionCount()).isEqualTo(more + 1);
            assertThat(second.describeTopic(topic).partitions()).hasSize(more + 1);
        }
    }

    @Test
    void twoThatDeleteATopicAtOnceAreBothToldThatItIsGone() {
        for (int i = 0; i < 5; i++) {
            String name = topic + "-" + i;
            first.createTopic(name, 2, Map.of());
            second.produce(name, Message.of("v"));
            CompletableFuture<String> one = inBackground(() -> outcome(() -> first.deleteTopic(name), "ok"));
            CompletableFuture<String> other = inBackground(() -> outcome(() -> second.deleteTopic(name), "ok"));

            assertThat(List.of(one.join(), other.join()))
                    .contains("ok")
                    .allMatch(told -> told.equals("ok") || told.equals("UNKNOWN_TOPIC_OR_PARTITION"));
            assertThat(first.listTopics()).doesNotContain(name);
            assertThat(second.listTopics()).doesNotContain(name);
        }
    }

    @Test
    void changedConfigIsFollowedOnTheOtherServerWithinASecondOrTwo() {
        first.createTopic(topic, 1, Map.of());
        second.produce(topic, Message.of("x".repeat(2_000)));
        first.alterConfigs(topic, Map.of("max.message.bytes", "1000"));

        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThatThrownBy(() -> second.produce(topic, Message.of("x".repeat(2_000))))
                        .isInstanceOfSatisfying(
                                Refused.class,
                                refused -> assertThat(refused.error()).isEqualTo(ErrorCode.MESSAGE_TOO_LARGE)));
    }

    @Test
    void addedPartitionIsServedOnTheOtherServerWithinASecondOrTwo() {
        first.createTopic(topic, 1, Map.of());
        second.produce(topic, Message.of("v"));
        first.addPartitions(topic, 2);

        await().atMost(Duration.ofSeconds(10))
                .ignoreExceptionsInstanceOf(Refused.class)
                .untilAsserted(() ->
                        assertThat(second.produce(topic, Message.of("v").to(1))).hasSize(1));
    }

    @Test
    void topicMadeAgainUnderItsNameIsAnotherOneOnEveryServer() {
        first.createTopic(topic, 1, Map.of());
        for (int round = 0; round < 3; round++) {
            String id = second.describeTopic(topic).id();
            second.produce(topic, Message.numbered(0, 0, 5));
            first.deleteTopic(topic);
            first.createTopic(topic, 1, Map.of());

            // Until it looks again, what goes to the old one is refused; acknowledged is what is in the new one.
            await().atMost(Duration.ofSeconds(10))
                    .ignoreExceptionsInstanceOf(Refused.class)
                    .untilAsserted(() ->
                            assertThat(second.produce(topic, Message.of("new"))).hasSize(1));
            assertThat(values(first.read(topic, 0, 0, 1))).containsExactly("new");
            assertThat(second.fetch(topic, 0, 0).highWatermark()).isEqualTo(1);
            assertThat(first.describeTopic(topic).id()).isNotEqualTo(id);
            assertThat(second.describeTopic(topic).id())
                    .isEqualTo(first.describeTopic(topic).id());
        }
    }

    @Test
    void longPollOnTheOtherServerEndsWhenItsTopicIsDeleted() {
        first.createTopic(topic, 1, Map.of());
        second.produce(topic, Message.numbered(0, 0, 3));
        first.deleteTopic(topic);

        // Below the end of a log that is gone there is nothing to wait for.
        assertThatThrownBy(() -> Answers.join(first.fetchAsync(topic, 0, 0, LONG_POLL)))
                .isInstanceOfSatisfying(
                        Refused.class,
                        refused -> assertThat(refused.error()).isEqualTo(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION));
        await().untilAsserted(() -> assertThatThrownBy(() -> second.fetch(topic, 0, 3))
                .isInstanceOfSatisfying(
                        Refused.class,
                        refused -> assertThat(refused.error()).isEqualTo(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)));
    }

    @Test
    void producersOnBothServersFillTheSameRollingSegments() {
        first.createTopic(topic, 2, Map.of("segment.bytes", "1024"));
        List<CompletableFuture<Map<String, RecordMetadata>>> producing = new ArrayList<>();
        for (String uri : List.of(server.uri().toString(), servers.secondUri().toString())) {
            for (int p = 0; p < 2; p++) {
                String name = "p" + producing.size();
                producing.add(inBackground(() -> produce(name, uri)));
            }
        }
        Map<String, RecordMetadata> acknowledged = new LinkedHashMap<>();
        producing.forEach(producer -> acknowledged.putAll(producer.join()));

        for (String uri : List.of(server.uri().toString(), servers.secondUri().toString())) {
            WrittenLog.assertHoldsExactly(acknowledged, PartitionReader.readUntil(uri, topic, () -> true));
        }
        assertThat(first.describeTopic(topic).partitions())
                .allSatisfy(partition -> assertThat(partition.segments()).isGreaterThan(2));
    }

    private Map<String, RecordMetadata> produce(String name, String uri) {
        try (NumberedProducer producer = new NumberedProducer(name, uri, topic, 2)) {
            for (int n = 0; n < 3_000; n++) {
                producer.send();
            }
            return producer.places();
        }
    }
}
