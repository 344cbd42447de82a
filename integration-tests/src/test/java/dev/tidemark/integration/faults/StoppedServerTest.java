package dev.tidemark.integration.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.client.RecordMetadata;
import dev.tidemark.client.TidemarkAdmin;
import dev.tidemark.integration.load.NumberedProducer;
import dev.tidemark.integration.load.PartitionReader;
import dev.tidemark.integration.load.WrittenLog;
import dev.tidemark.integration.server.OwnPostgres;
import dev.tidemark.integration.server.RunningServer;
import dev.tidemark.integration.server.ServerProcess;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two servers over one database, one of which is stopped as SIGSTOP does while PostgreSQL waits for it in the middle of an append. */
@Timeout(180)
class StoppedServerTest {
    private static final int MAX_STOPS = 300;

    private static final int APPEND_TIMEOUT_MS = 5_000;

    /** What is promised, {@code append.timeout.ms} and a second, with room for a busy machine; and less than waiting twice. */
    private static final Duration BOUND = Duration.ofMillis(APPEND_TIMEOUT_MS + 1_000 + 2_000);

    private final String topic = RunningServer.newName();

    @Test
    void serverStoppedInMidAppendHoldsTheOtherUpForABoundedTimeAndLosesNothing(@TempDir Path temporary)
            throws Exception {
        try (OwnPostgres postgres = OwnPostgres.in(temporary);
                ServerProcess stopped = start(postgres);
                ServerProcess other = start(postgres)) {
            try (TidemarkAdmin admin =
                    TidemarkAdmin.builder().servers(other.uri().toString()).build()) {
                admin.createTopic(topic, 1, Map.of());
            }
            AtomicBoolean enough = new AtomicBoolean();
            try (NumberedProducer one =
                            new NumberedProducer("one", stopped.uri().toString(), topic, 1, 256 << 10);
                    NumberedProducer two =
                            new NumberedProducer("two", other.uri().toString(), topic, 1)) {
                CompletableFuture<Void> producing = CompletableFuture.runAsync(
                        () -> {
                            while (!enough.get()) {
                                one.send();
                            }
                        },
                        task -> new Thread(task).start());
                await().until(() -> one.acknowledged() > 1_000);

                stopInMidAppend(stopped, postgres);
                long startNanos = System.nanoTime();
                two.send();
                await().pollInterval(Duration.ofMillis(20))
                        .atMost(Duration.ofMinutes(1))
                        .until(() -> two.acknowledged() == 1);
                assertThat(Duration.ofNanos(System.nanoTime() - startNanos)).isLessThan(BOUND);
                assertThat(other.meter("tidemark_append_stalled_ended_total")).isEqualTo(1);
                stopped.resume();
                long before = one.acknowledged();
                await().atMost(Duration.ofMinutes(1)).until(() -> one.acknowledged() > before + 1_000);
                enough.set(true);
                producing.join();

                Map<String, RecordMetadata> places = new HashMap<>(one.places());
                places.putAll(two.places());
                WrittenLog.assertHoldsExactly(
                        places, PartitionReader.readUntil(other.uri().toString(), topic, () -> true));
            } finally {
                enough.set(true);
                stopped.resume();
            }
        }
    }

    private static ServerProcess start(OwnPostgres postgres) {
        return ServerProcess.startOver(
                postgres.jdbcUrl(), 0, "--append-timeout-ms", Integer.toString(APPEND_TIMEOUT_MS));
    }

    /** Stops and continues it until it has stopped with a partition's lock in its hands, and PostgreSQL waits for it. */
    private static void stopInMidAppend(ServerProcess server, OwnPostgres postgres) throws Exception {
        try (Connection connection = postgres.connect();
                Statement statement = connection.createStatement()) {
            for (int stops = 0; stops < MAX_STOPS; stops++) {
                server.suspend();
                if (holdsALock(statement) && holdsALock(statement)) {
                    return;
                }
                server.resume();
            }
        }
        throw new AssertionError("it was never stopped in the middle of an append");
    }

    private static boolean holdsALock(Statement statement) throws Exception {
        try (ResultSet row = statement.executeQuery(
                "select exists (select from pg_locks l join pg_stat_activity a using (pid) where l.locktype = 'advisory'"
                        + " and l.granted and l.classid = 'tidemark_internal.batch'::regclass::oid and a.wait_event = 'ClientRead')")) {
            row.next();
            return row.getBoolean(1);
        }
    }
}
