package dev.tidemark.integration.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.client.AutoOffsetReset;
import dev.tidemark.client.Deserializers;
import dev.tidemark.client.OffsetAndMetadata;
import dev.tidemark.client.ProducerRecord;
import dev.tidemark.client.Serializers;
import dev.tidemark.client.TidemarkAdmin;
import dev.tidemark.client.TidemarkConsumer;
import dev.tidemark.client.TidemarkProducer;
import dev.tidemark.examples.BusinessTransaction;
import dev.tidemark.examples.GroupWorker;
import dev.tidemark.integration.server.RunningServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The module {@code examples} does what it says. */
@Timeout(120)
class ExamplesTest {
    @RegisterExtension
    static final RunningServer server = new RunningServer();

    private final String topic = RunningServer.newName();
    private final String servers = server.uri().toString();

    private void produce(String... values) {
        try (TidemarkAdmin admin = TidemarkAdmin.builder().servers(servers).build();
                TidemarkProducer<String, String> producer = TidemarkProducer.builder()
                        .servers(servers)
                        .keySerializer(Serializers.text())
                        .valueSerializer(Serializers.text())
                        .build()) {
            admin.createTopic(topic, 2);
            for (String value : values) {
                producer.send(new ProducerRecord<>(topic, value, value)).join();
            }
        }
    }

    private long committedBy(String group) {
        try (TidemarkAdmin admin = TidemarkAdmin.builder().servers(servers).build()) {
            return admin.committedOffsets(group).values().stream()
                    .mapToLong(OffsetAndMetadata::offset)
                    .sum();
        }
    }

    @Test
    void workersDoAllTheWorkAndHaveCommittedItWhenTheyStop() {
        produce("a", "b", "c", "d", "e");
        List<String> done = new CopyOnWriteArrayList<>();
        List<GroupWorker> workers = List.of(
                new GroupWorker(servers, "workers", topic, record -> done.add(record.value())),
                new GroupWorker(servers, "workers", topic, record -> done.add(record.value())));
        List<CompletableFuture<Void>> ends =
                workers.stream().map(CompletableFuture::runAsync).toList();
        await().until(() -> done.size() == 5);
        workers.forEach(GroupWorker::stop);
        ends.forEach(CompletableFuture::join);
        assertThat(done).containsExactlyInAnyOrder("a", "b", "c", "d", "e");
        assertThat(committedBy("workers")).isEqualTo(5);
    }

    @Test
    void ordersAreCountedOnceAlthoughTheFirstTryIsRolledBack() throws SQLException {
        produce("anna", "bert", "anna");
        try (Connection connection = server.connect();
                TidemarkConsumer<String, String> consumer = TidemarkConsumer.builder()
                        .servers(servers)
                        .groupId("counters")
                        .enableAutoCommit(false)
                        .autoOffsetReset(AutoOffsetReset.EARLIEST)
                        .keyDeserializer(Deserializers.text())
                        .valueDeserializer(Deserializers.text())
                        .build()) {
            execute(
                    connection,
                    "create temporary table order_count (customer text primary key, orders bigint not null)");
            execute(connection, "alter table order_count add constraint none_yet check (orders < 0)");
            connection.setAutoCommit(false);
            consumer.subscribe(List.of(topic));
            BusinessTransaction counting = new BusinessTransaction(consumer, connection);
            await().until(() -> counting.step() == 0 && !consumer.assignment().isEmpty());
            assertThat(committedBy("counters")).isZero();

            execute(connection, "alter table order_count drop constraint none_yet");
            connection.commit();
            int counted = 0;
            while (counted < 3) {
                counted += counting.step();
            }
            assertThat(counted).isEqualTo(3);
            assertThat(orders(connection, "anna")).isEqualTo(2);
            assertThat(orders(connection, "bert")).isEqualTo(1);
            assertThat(committedBy("counters")).isEqualTo(3);
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static long orders(Connection connection, String customer) throws SQLException {
        try (Statement query = connection.createStatement();
                ResultSet row =
                        query.executeQuery("select orders from order_count where customer = '" + customer + "'")) {
            assertThat(row.next()).isTrue();
            return row.getLong(1);
        }
    }
}
