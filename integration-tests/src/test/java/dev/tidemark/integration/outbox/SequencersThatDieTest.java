package dev.tidemark.integration.outbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.client.OutboxProducer;
import dev.tidemark.client.ProducerRecord;
import dev.tidemark.client.Serializers;
import dev.tidemark.client.TidemarkAdmin;
import dev.tidemark.integration.server.RunningServer;
import dev.tidemark.integration.server.ServerProcess;
import dev.tidemark.server.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Server processes that are killed or stopped while they put staged records into the log: each record that was committed is there once, in its place. */
@Timeout(240)
class SequencersThatDieTest {
    private static final int CALLERS = 3;
    private static final int PARTITIONS = 4;

    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private final String topic = RunningServer.newName();
    private final OutboxProducer<String, String> outbox = OutboxProducer.builder()
            .keySerializer(Serializers.text())
            .valueSerializer(Serializers.text())
            .build();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final AtomicBoolean enough = new AtomicBoolean();
    private final AtomicInteger committed = new AtomicInteger();
    private ServerProcess one;
    private ServerProcess other;

    @BeforeEach
    void start() {
        one = ServerProcess.startOver(database.jdbcUrl(), 0);
        other = ServerProcess.startOver(database.jdbcUrl(), 0);
        try (TidemarkAdmin admin =
                TidemarkAdmin.builder().servers(one.uri().toString()).build()) {
            admin.createTopic(topic, PARTITIONS);
        }
    }

    @AfterEach
    void stop() {
        enough.set(true);
        threads.shutdownNow();
        one.close();
        other.close();
    }

    @Test
    void killedOneIsFollowedByAnotherAndNoRecordIsLostOrDoubled() throws Exception {
        List<CompletableFuture<Integer>> callers = startCallers();
        awaitInTheLog(500);

        one.kill();
        awaitInTheLog(inTheLog() + 500);
        // The other is in charge now; a new one takes its place.
        one = ServerProcess.startOver(database.jdbcUrl(), 0);
        other.kill();
        awaitInTheLog(inTheLog() + 500);
        other = ServerProcess.startOver(database.jdbcUrl(), 0);
        one.kill();
        awaitInTheLog(inTheLog() + 500);

        enough.set(true);
        assertExactlyOnce(callers);
    }

    @Test
    void stoppedOneIsFollowedByAnother() throws Exception {
        List<CompletableFuture<Integer>> callers = startCallers();
        awaitInTheLog(500);

        // Some of the time it holds the locks of its append; who waits for those ends its session.
        for (int n = 0; n < 3; n++) {
            one.suspend();
            try {
                awaitInTheLog(inTheLog() + 300);
            } finally {
                one.resume();
            }
            awaitInTheLog(inTheLog() + 300);
        }

        enough.set(true);
        assertExactlyOnce(callers);
    }

    @Test
    void backlogIsPutIntoTheLogWhenAServerComes() throws Exception {
        one.kill();
        other.kill();
        List<CompletableFuture<Integer>> callers = startCallers();
        await().atMost(Duration.ofMinutes(1)).until(() -> committed.get() > 3_000);
        enough.set(true);
        for (CompletableFuture<Integer> caller : callers) {
            caller.join();
        }
        assertThat(inTheLog()).isZero();

        one = ServerProcess.startOver(database.jdbcUrl(), 0);

        assertExactlyOnce(callers);
    }

    /** How many each has committed, when they are done. */
    private List<CompletableFuture<Integer>> startCallers() {
        List<CompletableFuture<Integer>> callers = new ArrayList<>();
        for (int c = 0; c < CALLERS; c++) {
            String key = "caller-" + c;
            callers.add(CompletableFuture.supplyAsync(() -> call(key), threads));
        }
        return callers;
    }

    /** Numbers from 0 without a gap are committed; others are taken back. */
    private int call(String key) {
        try (Connection connection = database.connect()) {
            connection.setAutoCommit(false);
            int next = 0;
            while (!enough.get()) {
                if (next % 7 == 3) {
                    outbox.send(connection, new ProducerRecord<>(topic, key, "taken back"));
                    connection.rollback();
                }
                outbox.send(connection, new ProducerRecord<>(topic, key, Integer.toString(next)));
                outbox.send(connection, new ProducerRecord<>(topic, key, Integer.toString(next + 1)));
                connection.commit();
                next += 2;
                committed.addAndGet(2);
            }
            return next;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private int inTheLog() throws SQLException {
        return Integer.parseInt(
                database.string("select sum(log_end_offset) from tidemark.partitions where topic = '" + topic + "'"));
    }

    private void awaitInTheLog(int count) {
        await().atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> inTheLog() >= count);
    }

    private void assertExactlyOnce(List<CompletableFuture<Integer>> callers) throws SQLException {
        int all = callers.stream().mapToInt(CompletableFuture::join).sum();
        awaitInTheLog(all);
        for (int c = 0; c < callers.size(); c++) {
            String values = "select convert_from(value, 'UTF8') as v, record_offset from topic.\"" + topic
                    + "\" where convert_from(key, 'UTF8') = 'caller-" + c + "'";
            assertThat(database.string("select count(*) from (" + values + ") x"))
                    .isEqualTo(Integer.toString(callers.get(c).join()));
            assertThat(database.string(
                            "select count(*) from (select v, row_number() over (order by record_offset) - 1 as n from ("
                                    + values + ") x) y where v <> n::text"))
                    .as("numbers out of their place")
                    .isEqualTo("0");
        }
        assertThat(database.string("select count(*) from tidemark.staged")).isEqualTo("0");
    }
}
