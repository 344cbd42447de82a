package dev.tidemark.integration.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.client.RecordMetadata;
import dev.tidemark.integration.door.Answers;
import dev.tidemark.integration.door.Fetched;
import dev.tidemark.integration.door.JsonClient;
import dev.tidemark.integration.door.Message;
import dev.tidemark.integration.door.WireClient.Bounds;
import dev.tidemark.integration.load.NumberedProducer;
import dev.tidemark.integration.load.PartitionReader;
import dev.tidemark.integration.load.WrittenLog;
import dev.tidemark.integration.server.RunningServer;
import dev.tidemark.integration.server.ServerProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Processes that die in mid-append, for real. Whatever happens, every acknowledged record is in the log exactly once and in order. */
class FaultsTest {
    private static final int PARTITIONS = 2;

    /** Acknowledged before and after the fault, so that it strikes in the middle. */
    private static final int RECORDS = 2_000;

    private static final Duration STOP_BOUND = Duration.ofSeconds(20);

    private static Path dataDir;
    private static ServerProcess server;

    private final String topic = RunningServer.newName();
    private final AtomicBoolean enough = new AtomicBoolean();

    @BeforeAll
    static void start(@TempDir Path temporary) throws Exception {
        // PostgreSQL may run as another user, who must get through.
        Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwx--x--x"));
        dataDir = temporary.resolve("tidemark-data");
        server = ServerProcess.start(dataDir, 0);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @BeforeEach
    void createTopic() {
        new JsonClient(server.http()).createTopic(topic, PARTITIONS, Map.of());
    }

    private static void startAgain() {
        server = ServerProcess.start(dataDir, server.uri().getPort());
    }

    private interface Fault {
        void strike() throws Exception;
    }

    /** Produces without pause while the fault strikes, goes on a while, and then looks at what is there. */
    private void assertNothingIsLostOrDoubledBy(Fault fault) throws Exception {
        try (NumberedProducer producer = new NumberedProducer("p", server.uri().toString(), topic, PARTITIONS)) {
            // Not on the common pool: with one thread there, nobody would hear of a process's end.
            CompletableFuture<Void> producing = CompletableFuture.runAsync(
                    () -> {
                        while (!enough.get()) {
                            producer.send();
                        }
                    },
                    task -> new Thread(task).start());
            awaitAcknowledged(producer, RECORDS);
            fault.strike();
            awaitAcknowledged(producer, producer.acknowledged() + RECORDS);
            enough.set(true);
            producing.join();
            Map<String, RecordMetadata> places = producer.places();

            WrittenLog.assertHoldsExactly(
                    places, PartitionReader.readUntil(server.uri().toString(), topic, () -> true));
            assertThat(server.brokenPromises(topic)).isEmpty();
        } finally {
            enough.set(true);
        }
    }

    private static void awaitAcknowledged(NumberedProducer producer, long records) {
        await().pollInterval(Duration.ofMillis(5))
                .atMost(Duration.ofMinutes(1))
                .until(() -> producer.acknowledged() >= records);
    }

    @Test
    void killedServerLosesAndDoublesNothing() throws Exception {
        assertNothingIsLostOrDoubledBy(() -> {
            server.kill();
            startAgain();
        });
    }

    @Test
    void killedPostgresLosesAndDoublesNothingAndTheServerRecoversByItself() throws Exception {
        assertNothingIsLostOrDoubledBy(() -> {
            long killed = server.postmaster();
            server.killPostgres();
            // Its backends go on for as long as they have work; what counts is what comes after the new one's start.
            await().ignoreExceptions().atMost(Duration.ofMinutes(1)).until(() -> server.postmaster() != killed);
        });
        assertThat(server.isAlive()).isTrue();
    }

    @Test
    void stoppedServerFinishesWhatItTookAndEndsInTimeWithoutAnError() throws Exception {
        assertNothingIsLostOrDoubledBy(() -> {
            long postmaster = server.postmaster();
            assertThat(server.terminate()).succeedsWithin(STOP_BOUND).isEqualTo(0);
            assertThat(ProcessHandle.of(postmaster).filter(ProcessHandle::isAlive))
                    .isEmpty();
            startAgain();
        });
    }

    @Test
    void stoppedServerAnswersALongPollThatWaits() {
        JsonClient client = new JsonClient(server.http());
        client.produce(topic, Message.numbered(0, 0, 3));
        CompletableFuture<Fetched> poll = client.fetchAsync(topic, 0, 3, Bounds.DEFAULT.withMaxWaitMs(30_000));
        await().until(() -> server.meter("tidemark_fetch_waiting") >= 1);

        CompletableFuture<Integer> end = server.terminate();

        assertThat(poll).succeedsWithin(STOP_BOUND).satisfies(fetched -> {
            assertThat(fetched.records()).isEmpty();
            assertThat(fetched.nextOffset()).isEqualTo(3);
        });
        assertThat(Answers.join(end)).isZero();
        startAgain();
        assertThat(client.read(topic, 0, 0, 3)).hasSize(3);
    }
}
