package dev.tidemark.server.log.append;

import static dev.tidemark.server.log.TestLog.batch;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.log.append.BatchOutcome.Appended;
import dev.tidemark.server.log.append.BatchOutcome.Refused;
import dev.tidemark.server.log.quota.Quotas;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.postgres.DatabaseConfig;
import dev.tidemark.server.testing.MissingStandby;
import dev.tidemark.server.topic.Topic;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A synchronous standby that stays away for longer than anybody waits for an answer of PostgreSQL's. */
@Timeout(60)
class StuckCommitTest {
    private static final int PARTITIONS = 12;
    private static final int MORE_THAN_TWO_SOCKET_TIMEOUTS = 3;

    private static MissingStandby postgres;
    private static Database connections;
    private static TestLog log;

    @BeforeAll
    static void start(@TempDir Path temporary) throws Exception {
        postgres = MissingStandby.start(temporary);
        // What the URL says wins over what the server sets.
        DatabaseConfig impatient = DatabaseConfig.of(postgres.jdbcUrl() + "&socketTimeout=1");
        connections = Database.open(impatient, new SimpleMeterRegistry(), Duration.ofSeconds(10));
        log = new TestLog(connections, 16 << 20, Quotas.Limits.NONE, 300);
    }

    @AfterAll
    static void stop() {
        log.close();
        connections.close();
        postgres.close();
    }

    @AfterEach
    void awaitNoStandby() throws SQLException {
        postgres.waitFor("");
    }

    private static Topic topicWithARecordEach() throws Exception {
        Topic topic = log.topic(PARTITIONS, Map.of());
        for (int partition = 0; partition < PARTITIONS; partition++) {
            log.append(topic, batch(partition, "first"));
        }
        return topic;
    }

    private static BatchOutcome got(CompletableFuture<List<BatchOutcome>> outcomes) throws Exception {
        return outcomes.get(TestLog.TIMEOUT_SECONDS, TimeUnit.SECONDS).get(0);
    }

    private static ErrorCode refused(CompletableFuture<List<BatchOutcome>> outcomes) throws Exception {
        BatchOutcome outcome = got(outcomes);
        assertThat(outcome).isInstanceOf(Refused.class);
        return ((Refused) outcome).error();
    }

    /** Sends to every partition, and again as soon as that is refused. */
    private static void produceUntilEachWasRefused(Topic topic, int times, int batchSize) throws Exception {
        String[] values = IntStream.range(0, batchSize).mapToObj(i -> "v" + i).toArray(String[]::new);
        for (int time = 0; time < times; time++) {
            List<CompletableFuture<List<BatchOutcome>>> sent = IntStream.range(0, PARTITIONS)
                    .mapToObj(partition -> log.send(topic, batch(partition, values)))
                    .toList();
            for (CompletableFuture<List<BatchOutcome>> outcome : sent) {
                assertThat(refused(outcome)).isIn(ErrorCode.REQUEST_TIMED_OUT, ErrorCode.BROKER_NOT_AVAILABLE);
            }
            assertThat(postgres.waiting()).as("sessions that wait").isBetween(1, TestLog.LANES);
        }
    }

    private static void assertAllGoesOn(Topic topic) throws Exception {
        postgres.waitFor("");
        await().until(() -> postgres.waiting() == 0);
        for (int partition = 0; partition < PARTITIONS; partition++) {
            assertThat(got(log.send(topic, batch(partition, "after")))).isInstanceOf(Appended.class);
            List<String> values = log.values(topic, partition, 0);
            assertThat(values).startsWith("first").endsWith("after");
        }
        assertThat(postgres.ask("select count(*) from tidemark.verify('" + topic.name() + "')"))
                .isEqualTo("0");
    }

    @Test
    void standbyThatStaysAwayKeepsNoMoreSessionsWaitingThanThereAreLanes() throws Exception {
        Topic topic = topicWithARecordEach();
        postgres.waitFor("nobody");
        long startNanos = System.nanoTime();
        do {
            produceUntilEachWasRefused(topic, 2, 3);
            produceUntilEachWasRefused(topic, 2, 600);
        } while (System.nanoTime() - startNanos < TimeUnit.SECONDS.toNanos(MORE_THAN_TWO_SOCKET_TIMEOUTS));
        assertAllGoesOn(topic);
    }

    @Test
    void appendsThatNeedNoStandbyGoOnBesideACommitThatIsStuck() throws Exception {
        Topic topic = topicWithARecordEach();
        Topic other = log.topic(1, Map.of());
        postgres.waitFor("nobody");
        CompletableFuture<List<BatchOutcome>> stuck = log.send(topic, batch(0, "stuck"));
        assertThat(refused(stuck)).isEqualTo(ErrorCode.REQUEST_TIMED_OUT);

        assertThat(refused(log.send(topic, batch(TestLog.LANES, "behind"))))
                .as("the same lane")
                .isEqualTo(ErrorCode.BROKER_NOT_AVAILABLE);
        assertThat(refused(log.send(topic, Acks.LEADER, batch(0, "behind its lock"))))
                .isEqualTo(ErrorCode.BROKER_NOT_AVAILABLE);
        assertThat(got(log.send(topic, Acks.LEADER, batch(TestLog.LANES, "beside"))))
                .isEqualTo(new Appended(1, -1, false));
        // A partition's first segment is made for it, which waits for no standby either.
        assertThat(got(log.send(other, Acks.LEADER, batch(0, "new")))).isEqualTo(new Appended(0, -1, false));
        assertThat(postgres.waiting()).isBetween(1, TestLog.LANES);

        postgres.waitFor("");
        assertThat(got(log.send(topic, batch(0, "after")))).isEqualTo(new Appended(2, -1, false));
        assertThat(log.values(topic, 0, 0)).containsExactly("first", "stuck", "after");
        assertAllGoesOn(topic);
    }

    @Test
    void idempotentProducerThatWasToldTheOutcomeIsUnknownIsToldWhereItsBatchIs() throws Exception {
        Topic topic = topicWithARecordEach();
        long producer = log.log().newProducer().producerId();
        postgres.waitFor("nobody");
        assertThat(refused(log.send(topic, batch(0, producer, 0, 0, "a")))).isEqualTo(ErrorCode.REQUEST_TIMED_OUT);
        assertThat(refused(log.send(topic, batch(0, producer, 0, 0, "a")))).isEqualTo(ErrorCode.BROKER_NOT_AVAILABLE);
        postgres.waitFor("");

        assertThat(got(log.send(topic, batch(0, producer, 0, 0, "a")))).isEqualTo(new Appended(1, -1, true));
        assertThat(log.values(topic, 0, 0)).containsExactly("first", "a");
    }

    @Test
    void whatCommitsWithoutRecordsLeavesOneSessionWaiting() throws Exception {
        Companion companion = connection -> {
            try (Statement statement = connection.createStatement()) {
                statement.execute("select pg_logical_emit_message(true, 'test', 'alone')");
            }
        };
        postgres.waitFor("nobody");
        assertThatThrownBy(() -> log.log().alone(companion, Acks.ALL))
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.error()).isEqualTo(ErrorCode.REQUEST_TIMED_OUT));
        for (int time = 0; time < 5; time++) {
            assertThatThrownBy(() -> log.log().alone(companion, Acks.ALL))
                    .isInstanceOfSatisfying(
                            ApiException.class, e -> assertThat(e.error()).isEqualTo(ErrorCode.BROKER_NOT_AVAILABLE));
        }
        assertThat(postgres.waiting()).isEqualTo(1);
        log.log().alone(companion, Acks.LEADER);

        postgres.waitFor("");
        await().until(() -> postgres.waiting() == 0);
        log.log().alone(companion, Acks.ALL);
    }
}
