package dev.tidemark.integration.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.tidemark.client.OffsetOutOfRangeException;
import dev.tidemark.client.ProducerRecord;
import dev.tidemark.client.RecordMetadata;
import dev.tidemark.client.Serializers;
import dev.tidemark.client.TidemarkAdmin;
import dev.tidemark.client.TidemarkConsumer;
import dev.tidemark.client.TidemarkException;
import dev.tidemark.client.TidemarkProducer;
import dev.tidemark.client.TopicPartition;
import dev.tidemark.integration.load.NumberedProducer;
import dev.tidemark.integration.load.PartitionReader;
import dev.tidemark.integration.load.WrittenLog;
import dev.tidemark.integration.server.OwnPostgres;
import dev.tidemark.integration.server.RunningServer;
import dev.tidemark.server.Server;
import dev.tidemark.server.ServerConfig;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A PostgreSQL that goes away, falls silent, or comes back in an older state, under a server that stays. */
@Timeout(180)
class PostgresFaultsTest {
    private static final int FETCHES = 200;

    /** More than the system keeps of what is sent and not read, however much it lets that become. */
    private static final int LARGE_COPY_MB = 48;

    /** Loosely: far below what a queue of fetches that each wait their time would take. */
    private static final Duration PROMPTLY = Duration.ofSeconds(20);

    private static OwnPostgres postgres;
    private static Server server;

    private final HttpClient http = HttpClient.newHttpClient();
    private final String topic = RunningServer.newName();

    @BeforeAll
    static void start(@TempDir Path temporary) throws Exception {
        postgres = OwnPostgres.in(temporary);
        server = startServer();
    }

    private static Server startServer() {
        return Server.start(ServerConfig.read(List.of("--http-port", "0", "--jdbc-url", postgres.jdbcUrl()), Map.of()));
    }

    @AfterAll
    static void stop() {
        server.close();
        postgres.close();
    }

    @BeforeEach
    void createTopic() {
        try (TidemarkAdmin admin = admin()) {
            admin.createTopic(topic, 1, Map.of("unsafe.acks", "true"));
        }
    }

    private static String address() {
        return server.address().toString();
    }

    private static TidemarkAdmin admin() {
        return TidemarkAdmin.builder().servers(address()).build();
    }

    private CompletableFuture<HttpResponse<String>> get(String path) {
        HttpRequest request = HttpRequest.newBuilder(URI.create(address() + path))
                .timeout(Duration.ofSeconds(60))
                .build();
        return http.sendAsync(request, BodyHandlers.ofString());
    }

    private int readiness() throws Exception {
        return get("/health/ready").get().statusCode();
    }

    /** Duration that {@code -Dtidemark.soak} sets; in the ordinary build what the test itself takes. */
    private static void stayAway() {
        long seconds = Long.getLong("tidemark.soak", 0);
        long untilNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        while (System.nanoTime() < untilNanos) {
            LockSupport.parkNanos(untilNanos - System.nanoTime());
        }
    }

    private interface Trouble {
        void happen() throws Exception;
    }

    /** Produces without pause while the trouble lasts; whatever happens, each record acknowledged is there once. */
    private void assertAllGoesOnAfter(Trouble trouble) throws Exception {
        AtomicBoolean enough = new AtomicBoolean();
        try (NumberedProducer producer = new NumberedProducer("p", address(), topic, 1)) {
            CompletableFuture<Void> producing = CompletableFuture.runAsync(
                    () -> {
                        while (!enough.get()) {
                            producer.send();
                        }
                    },
                    task -> new Thread(task).start());
            await().until(() -> producer.acknowledged() >= 500);
            trouble.happen();
            long before = producer.acknowledged();
            await().atMost(Duration.ofMinutes(1)).until(() -> producer.acknowledged() >= before + 500);
            enough.set(true);
            producing.join();
            Map<String, RecordMetadata> places = producer.places();

            WrittenLog.assertHoldsExactly(places, PartitionReader.readUntil(address(), topic, () -> true));
            assertThat(brokenPromises()).isEmpty();
        } finally {
            enough.set(true);
        }
    }

    private List<String> brokenPromises() throws SQLException {
        List<String> broken = new ArrayList<>();
        try (Connection connection = postgres.connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select v::text from tidemark.verify('" + topic + "') v")) {
            while (rows.next()) {
                broken.add(rows.getString(1));
            }
        }
        return broken;
    }

    private void assertEveryFetchIsRefusedPromptly() throws Exception {
        long startNanos = System.nanoTime();
        List<CompletableFuture<HttpResponse<String>>> fetches = new ArrayList<>();
        for (int i = 0; i < FETCHES; i++) {
            // Another offset each, so that memory does not answer.
            fetches.add(get("/v1/topics/" + topic + "/partitions/0/records?offset=" + (1_000_000 + i)));
        }
        for (CompletableFuture<HttpResponse<String>> fetch : fetches) {
            HttpResponse<String> answer = fetch.get();
            assertThat(answer.statusCode()).isEqualTo(503);
            assertThat(answer.body()).contains("BROKER_NOT_AVAILABLE", "\"retriable\":true");
        }
        assertThat(Duration.ofNanos(System.nanoTime() - startNanos)).isLessThan(PROMPTLY);
    }

    @Test
    void postgresThatIsAwayIsSaidToBeAndAllGoesOnByItselfWhenItIsBack() throws Exception {
        assertAllGoesOnAfter(() -> {
            postgres.stop();
            await().atMost(PROMPTLY).until(() -> readiness() == 503);
            assertEveryFetchIsRefusedPromptly();
            stayAway();
            postgres.start();
            await().atMost(PROMPTLY).until(() -> readiness() == 200);
        });
    }

    @Test
    void producerOfLittlePatienceIsToldToTryAgainWhilePostgresIsAway() throws Exception {
        try (TidemarkProducer<byte[], String> hasty = TidemarkProducer.builder()
                .servers(address())
                .valueSerializer(Serializers.text())
                .requestTimeout(Duration.ofSeconds(2))
                .deliveryTimeout(Duration.ofSeconds(4))
                .build()) {
            hasty.send(new ProducerRecord<>(topic, 0, null, "before")).get(60, TimeUnit.SECONDS);
            postgres.stop();
            Throwable failure = catchThrowable(() ->
                    hasty.send(new ProducerRecord<>(topic, 0, null, "hasty")).get(60, TimeUnit.SECONDS));
            Throwable cause = failure instanceof ExecutionException ? failure.getCause() : failure;
            assertThat(cause)
                    .isInstanceOfSatisfying(
                            TidemarkException.class,
                            told -> assertThat(told.isRetriable()).isTrue());
        } finally {
            postgres.start();
        }
        await().atMost(PROMPTLY).until(() -> readiness() == 200);
    }

    @Test
    void silentPostgresHoldsNobodyUpForLong() throws Exception {
        assertAllGoesOnAfter(() -> {
            postgres.silence();
            try {
                await().atMost(PROMPTLY).until(() -> readiness() == 503);
                assertEveryFetchIsRefusedPromptly();
                stayAway();
            } finally {
                postgres.goOn();
            }
            await().atMost(PROMPTLY).until(() -> readiness() == 200);
        });
    }

    /** A COPY to the topic reads no further than its first record, until the connection's lock is let go. */
    private void holdUpCopies(Connection holder) throws SQLException {
        try (Statement statement = holder.createStatement()) {
            statement.execute("select pg_advisory_lock(4711)");
            statement.execute("create or replace function public.hold_up() returns trigger language plpgsql as"
                    + " 'begin perform pg_advisory_xact_lock_shared(4711); return new; end'");
            statement.execute("do $$ begin execute (select format('create trigger hold_up before insert on"
                    + " tidemark_internal.topic_%s for each row execute function public.hold_up()', topic_id)"
                    + " from tidemark_internal.topic where name = '" + topic + "'); end $$");
        }
    }

    private boolean isCopyHeldUp(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select exists (select from pg_stat_activity"
                        + " where wait_event_type = 'Lock' and query ilike 'copy tidemark_internal.topic_%')")) {
            row.next();
            return row.getBoolean(1);
        }
    }

    /** One that takes requests of any size and waits for PostgreSQL's answers for two seconds only. */
    private static Server impatientServer() {
        return Server.start(ServerConfig.read(
                List.of(
                        "--http-port",
                        "0",
                        "--max-request-bytes",
                        Integer.toString(2 * LARGE_COPY_MB << 20),
                        "--jdbc-url",
                        postgres.jdbcUrl() + "&socketTimeout=2"),
                Map.of()));
    }

    @Test
    void postgresThatFallsSilentInTheMiddleOfALargeCopyIsGivenUp() throws Exception {
        try (TidemarkAdmin admin = admin()) {
            admin.createPartitions(topic, 2);
        }
        produce(0, 1, "all");
        // What comes of a batch is one message, which is read to its end before the first record is looked at.
        String small = "{\"partition\":0,\"value\":\"small\"}";
        String large = "{\"partition\":1,\"value\":\"" + "x".repeat(1_000_000) + "\"}";
        String records = small + "," + String.join(",", Collections.nCopies(LARGE_COPY_MB, large));
        try (Server impatient = impatientServer();
                Connection holder = postgres.connect()) {
            HttpRequest request = HttpRequest.newBuilder(
                            URI.create(impatient.address() + "/v1/topics/" + topic + "/records"))
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString("{\"records\":[" + records + "]}"))
                    .build();
            holdUpCopies(holder);
            CompletableFuture<HttpResponse<String>> answer = http.sendAsync(request, BodyHandlers.ofString());
            await().pollInterval(Duration.ofMillis(10)).until(() -> isCopyHeldUp(holder));
            postgres.silence();
            try {
                HttpResponse<String> told = answer.get(30, TimeUnit.SECONDS);
                assertThat(told.statusCode()).isEqualTo(503);
                assertThat(told.body()).contains("BROKER_NOT_AVAILABLE", "\"retriable\":true");
            } finally {
                postgres.goOn();
            }
        }
        await().atMost(PROMPTLY).until(() -> readiness() == 200);
        HttpRequest again = HttpRequest.newBuilder(URI.create(address() + "/v1/topics/" + topic + "/records"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{\"records\":[" + small + "]}"))
                .build();
        await("its locks are let go")
                .atMost(PROMPTLY)
                .until(() -> http.send(again, BodyHandlers.ofString()).statusCode() == 200);
        assertThat(get("/v1/topics/" + topic + "/partitions/1/records?offset=0")
                        .get()
                        .body())
                .doesNotContain("xxx");
        assertThat(brokenPromises()).isEmpty();
    }

    private int leaderEpoch() throws SQLException {
        try (Connection connection = postgres.connect();
                Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery("select max(leader_epoch) from tidemark_internal.leader_epoch")) {
            row.next();
            return row.getInt(1);
        }
    }

    private void produce(int from, int to, String acks) throws Exception {
        for (int i = from; i < to; i++) {
            HttpRequest request = HttpRequest.newBuilder(
                            URI.create(address() + "/v1/topics/" + topic + "/records?acks=" + acks))
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString("{\"records\":[{\"value\":\"" + i + "\"}]}"))
                    .build();
            HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        }
    }

    private void assertBeyondTheEndIsThrown(long position, long end) {
        TopicPartition partition = new TopicPartition(topic, 0);
        try (TidemarkConsumer<byte[], byte[]> consumer =
                TidemarkConsumer.builder().servers(address()).build()) {
            consumer.assign(List.of(partition));
            consumer.seek(partition, position);
            OffsetOutOfRangeException thrown =
                    catchThrowableOfType(OffsetOutOfRangeException.class, () -> consumer.poll(Duration.ofSeconds(30)));
            assertThat(thrown).isNotNull();
            assertThat(thrown.logEndOffset()).isEqualTo(end);
        }
    }

    @Test
    void topicMadeAfterAnOlderCopyWasPutBackHasNothingOfOneThatIsGone() throws Exception {
        int before = leaderEpoch();
        postgres.stop();
        postgres.keepCopy();
        postgres.start();
        await().atMost(PROMPTLY).until(() -> readiness() == 200);
        String gone = RunningServer.newName();
        try (TidemarkAdmin admin = admin()) {
            admin.createTopic(gone, 1, Map.of());
        }
        String path = "/partitions/0/records?offset=0";
        HttpRequest produce = HttpRequest.newBuilder(URI.create(address() + "/v1/topics/" + gone + "/records"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{\"records\":[{\"value\":\"of the one that is gone\"}]}"))
                .build();
        assertThat(http.send(produce, BodyHandlers.ofString()).statusCode()).isEqualTo(200);

        postgres.stop();
        postgres.putCopyBack();
        postgres.start();
        await().atMost(PROMPTLY).until(() -> readiness() == 200);
        await("what is remembered is looked at, though nobody asks")
                .atMost(PROMPTLY)
                .until(() -> leaderEpoch() == before + 1);
        String next = RunningServer.newName();
        try (TidemarkAdmin admin = admin()) {
            admin.createTopic(next, 1, Map.of());
        }

        assertThat(get("/v1/topics/" + next + path).get().body()).contains("\"records\":[]", "\"high_watermark\":0");
    }

    @Test
    void olderCopyPutBackUnderARunningServerBeginsAnEpoch() throws Exception {
        produce(0, 5, "all");
        int before = leaderEpoch();
        postgres.stop();
        postgres.keepCopy();
        postgres.start();
        await().atMost(PROMPTLY).until(() -> readiness() == 200);
        produce(5, 9, "all");
        assertThat(leaderEpoch()).as("a restart alone begins none").isEqualTo(before);

        postgres.stop();
        postgres.putCopyBack();
        postgres.start();
        await().atMost(PROMPTLY).until(() -> readiness() == 200);

        assertBeyondTheEndIsThrown(9, 5);
        assertThat(leaderEpoch()).isEqualTo(before + 1);
        produce(5, 6, "all");
        assertThat(brokenPromises()).isEmpty();
    }

    @Test
    void olderCopyPutBackWhileNoServerRanNeedsTheCommand() throws Exception {
        produce(0, 5, "all");
        postgres.stop();
        postgres.keepCopy();
        postgres.start();
        await().atMost(PROMPTLY).until(() -> readiness() == 200);
        produce(5, 9, "all");
        int before = leaderEpoch();
        server.close();
        postgres.stop();
        postgres.putCopyBack();
        postgres.start();
        server = startServer();

        assertThat(leaderEpoch()).as("nothing tells it from a restart").isEqualTo(before);
        assertBeyondTheEndIsThrown(9, 5);
        try (TidemarkAdmin admin = admin()) {
            assertThat(admin.bumpLeaderEpoch("older copy put back")).isEqualTo(before + 1);
        }
        produce(5, 6, "all");
        assertThat(brokenPromises()).isEmpty();
    }

    @Test
    void crashAfterAppendsThatMayBeLostBeginsAnEpoch() throws Exception {
        produce(0, 1, "all");
        int before = leaderEpoch();
        postgres.kill();
        await().atMost(PROMPTLY).ignoreExceptions().until(() -> {
            produce(1, 2, "all");
            return true;
        });
        assertThat(leaderEpoch()).as("nothing was appended that may be lost").isEqualTo(before);

        produce(2, 3, "0");
        await().until(() -> get("/v1/topics/" + topic + "/partitions/0/records?offset=2")
                        .get()
                        .statusCode()
                == 200);
        await().until(() -> get("/v1/topics/" + topic).get().body().contains("\"log_end_offset\":3"));
        postgres.kill();
        await().atMost(PROMPTLY).ignoreExceptions().until(() -> {
            produce(3, 4, "all");
            return true;
        });
        assertThat(leaderEpoch()).isEqualTo(before + 1);
        assertThat(brokenPromises()).isEmpty();
    }
}
