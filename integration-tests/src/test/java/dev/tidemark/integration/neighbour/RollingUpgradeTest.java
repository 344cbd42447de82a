package dev.tidemark.integration.neighbour;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemark.client.RecordMetadata;
import dev.tidemark.integration.door.HttpApi;
import dev.tidemark.integration.door.JsonClient;
import dev.tidemark.integration.load.NumberedProducer;
import dev.tidemark.integration.load.PartitionReader;
import dev.tidemark.integration.load.WrittenLog;
import dev.tidemark.server.Server;
import dev.tidemark.server.ServerConfig;
import dev.tidemark.server.postgres.NextRelease;
import dev.tidemark.server.postgres.StartException;
import dev.tidemark.server.testing.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A server before and one after a migration of the next version, over one database, both at work: nothing is lost, and the old one starts as well. */
@Timeout(120)
class RollingUpgradeTest {
    private static final String TOPIC = "rolled";
    private static final int PARTITIONS = 2;
    private static final int RECORDS = 1_500;

    @RegisterExtension
    static final TestDatabase database = new TestDatabase();

    private final AtomicBoolean enough = new AtomicBoolean();
    private final Map<String, RecordMetadata> acknowledged = new LinkedHashMap<>();

    @Test
    void serversBeforeAndAfterANextMigrationLoseNothingTogether() throws Exception {
        try (Server before = start();
                NumberedProducer first = new NumberedProducer("a", uri(before), TOPIC, PARTITIONS)) {
            new JsonClient(new HttpApi(before::address))
                    .createTopic(TOPIC, PARTITIONS, Map.of("segment.bytes", "1024"));
            CompletableFuture<Void> producing = produceUntilEnough(first);
            awaitAcknowledged(first, RECORDS);

            assertThat(NextRelease.expanding(database.config()).migrate()).isPositive();

            awaitAcknowledged(first, first.acknowledged() + RECORDS);
            try (Server after = start();
                    NumberedProducer second = new NumberedProducer("b", uri(after), TOPIC, PARTITIONS)) {
                CompletableFuture<Void> alongside = produceUntilEnough(second);
                awaitAcknowledged(second, RECORDS);
                enough.set(true);
                CompletableFuture.allOf(producing, alongside).join();
                acknowledged.putAll(first.places());
                acknowledged.putAll(second.places());
                WrittenLog.assertHoldsExactly(acknowledged, read(before));
                WrittenLog.assertHoldsExactly(acknowledged, read(after));
            }
        } finally {
            enough.set(true);
        }
        assertThat(database.string("select pg_get_functiondef('tidemark_internal.log_end'::regproc)"))
                .as("the newer function, which an older server has not put back")
                .contains("made_up");

        try (Server forgotten = start()) {
            assertThat(NextRelease.contracting(database.config()).migrate()).isPositive();
            assertThat(forgotten.end())
                    .as("a server that nobody stopped before")
                    .failsWithin(Duration.ofSeconds(30))
                    .withThrowableThat()
                    .withMessageContaining("needs Tidemark " + NextRelease.contractingVersion() + " or later");
        }
        assertThatThrownBy(RollingUpgradeTest::start)
                .isInstanceOf(StartException.class)
                .hasMessageContaining("needs Tidemark " + NextRelease.contractingVersion() + " or later");
    }

    private static Server start() {
        return Server.start(ServerConfig.read(List.of("--http-port=0", "--jdbc-url=" + database.jdbcUrl()), Map.of()));
    }

    private static String uri(Server server) {
        return server.address().toString();
    }

    /** On a thread of its own: the common pool may have but one. */
    private CompletableFuture<Void> produceUntilEnough(NumberedProducer producer) {
        return CompletableFuture.runAsync(
                () -> {
                    while (!enough.get()) {
                        producer.send();
                    }
                },
                task -> new Thread(task).start());
    }

    private static void awaitAcknowledged(NumberedProducer producer, long records) {
        await().pollInterval(Duration.ofMillis(5))
                .atMost(Duration.ofMinutes(1))
                .until(() -> producer.acknowledged() >= records);
    }

    private static List<List<String>> read(Server server) {
        return new ArrayList<>(PartitionReader.readUntil(uri(server), TOPIC, () -> true));
    }
}
