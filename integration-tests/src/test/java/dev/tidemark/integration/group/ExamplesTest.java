package dev.tidemark.integration.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
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
import dev.tidemark.examples.ExactlyOncePipeline;
import dev.tidemark.examples.GroupWorker;
import dev.tidemark.examples.OrderDesk;
import dev.tidemark.integration.server.RunningServer;
import java.io.BufferedReader;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
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
    void workerThatIsToldToEndHasCommittedAndLeft() throws Exception {
        produce("a", "b", "c");
        Process worker = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        GroupWorker.class.getName(),
                        servers,
                        "terminated",
                        topic)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (BufferedReader output = worker.inputReader()) {
            assertThat(List.of(output.readLine(), output.readLine(), output.readLine()))
                    .containsExactlyInAnyOrder("a", "b", "c");
            worker.destroy();
            assertThat(worker.waitFor(60, TimeUnit.SECONDS)).isTrue();
        } finally {
            worker.destroyForcibly();
        }
        assertThat(committedBy("terminated")).isEqualTo(3);
        try (TidemarkAdmin admin = TidemarkAdmin.builder().servers(servers).build()) {
            assertThat(admin.describeGroup("terminated").members()).isEmpty();
        }
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

    @Test
    void ordersAreCountedOnceAlthoughTheFirstConnectionBreaksInItsCommit() throws SQLException {
        produce("anna", "bert", "anna");
        try (Connection breaking = server.connect();
                Connection next = server.connect();
                TidemarkConsumer<String, String> consumer = TidemarkConsumer.builder()
                        .servers(servers)
                        .groupId("unlucky")
                        .enableAutoCommit(false)
                        .autoOffsetReset(AutoOffsetReset.EARLIEST)
                        .keyDeserializer(Deserializers.text())
                        .valueDeserializer(Deserializers.text())
                        .build()) {
            for (Connection connection : List.of(breaking, next)) {
                execute(
                        connection,
                        "create temporary table order_count (customer text primary key, orders bigint not null)");
                connection.setAutoCommit(false);
            }
            execute(
                    breaking,
                    "create function pg_temp.die() returns trigger language plpgsql as "
                            + "'begin perform pg_terminate_backend(pg_backend_pid()); return null; end'");
            execute(
                    breaking,
                    "create constraint trigger dies after insert on order_count deferrable initially deferred "
                            + "for each row execute function pg_temp.die()");
            breaking.commit();
            consumer.subscribe(List.of(topic));
            BusinessTransaction first = new BusinessTransaction(consumer, breaking);
            assertThatThrownBy(() -> {
                        while (true) {
                            first.step();
                        }
                    })
                    .isInstanceOf(SQLException.class);

            BusinessTransaction counting = new BusinessTransaction(consumer, next);
            await().until(() -> {
                counting.step();
                return committedBy("unlucky") == 3;
            });
            assertThat(orders(next, "anna")).isEqualTo(2);
            assertThat(orders(next, "bert")).isEqualTo(1);
        }
    }

    @Test
    void pipelineHasEachRecordOnceAlthoughTheFirstTryFails() throws SQLException {
        produce("anna", "bert");
        String target = RunningServer.newName();
        try (TidemarkConsumer<String, String> consumer = TidemarkConsumer.builder()
                        .servers(servers)
                        .groupId("pipeline")
                        .enableAutoCommit(false)
                        .autoOffsetReset(AutoOffsetReset.EARLIEST)
                        .keyDeserializer(Deserializers.text())
                        .valueDeserializer(Deserializers.text())
                        .build();
                TidemarkProducer<String, String> producer = TidemarkProducer.builder()
                        .servers(servers)
                        .keySerializer(Serializers.text())
                        .valueSerializer(Serializers.text())
                        .build();
                TidemarkAdmin admin = TidemarkAdmin.builder().servers(servers).build();
                Connection connection = server.connect()) {
            consumer.subscribe(List.of(topic));
            ExactlyOncePipeline pipeline =
                    new ExactlyOncePipeline(consumer, producer, target, value -> "dear " + value);
            // There is no such topic yet.
            await().until(() -> pipeline.step() == 0 && !consumer.assignment().isEmpty());
            assertThat(committedBy("pipeline")).isZero();

            admin.createTopic(target, 2);
            await().until(() -> {
                pipeline.step();
                return committedBy("pipeline") == 2;
            });
            assertThat(values(connection, target)).containsExactlyInAnyOrder("dear anna", "dear bert");
        }
    }

    @Test
    void orderIsInTheLogIfAndOnlyIfItIsInItsTable() throws SQLException {
        produce();
        OrderDesk desk = new OrderDesk(topic);
        try (Connection connection = server.connect()) {
            execute(connection, "create temporary table placed_order (id bigint primary key, customer text not null)");
            connection.setAutoCommit(false);
            desk.place(connection, 1, "anna");
            // The table takes each number once.
            assertThatThrownBy(() -> desk.place(connection, 1, "bert")).isInstanceOf(SQLException.class);
            desk.place(connection, 2, "bert");
            connection.setAutoCommit(true);
            await().until(() -> values(connection, topic).size() == 2);
            assertThat(values(connection, topic)).containsExactlyInAnyOrder("order 1", "order 2");
        }
    }

    private static List<String> values(Connection connection, String topic) throws SQLException {
        try (Statement query = connection.createStatement();
                ResultSet rows =
                        query.executeQuery("select convert_from(value, 'UTF8') from topic.\"" + topic + "\"")) {
            List<String> values = new ArrayList<>();
            while (rows.next()) {
                values.add(rows.getString(1));
            }
            return values;
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
