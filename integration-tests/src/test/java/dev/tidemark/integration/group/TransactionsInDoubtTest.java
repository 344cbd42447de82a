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
import dev.tidemark.integration.server.ServerProcess;
import dev.tidemark.protocol.api.GroupMemberDescription;
import dev.tidemark.server.testing.MissingStandby;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Exactly once also where nobody hears how a transaction ended: its COMMIT waits for a synchronous standby that is away, for longer than whoever sent it does. It takes place when that one is back, whatever has been tried meanwhile.
 */
@Timeout(120)
class TransactionsInDoubtTest {
    private static final String GROUP = "workers";
    private static final String INPUT = "input";
    private static final String OUTPUT = "output";
    private static final List<String> VALUES = List.of("a", "b", "c");

    private final Set<String> seen = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean cameAgain = new AtomicBoolean();
    private MissingStandby postgres;
    private ServerProcess server;
    private TidemarkAdmin admin;
    private TidemarkConsumer<String, String> consumer;

    @BeforeEach
    void start(@TempDir Path folder) throws Exception {
        postgres = MissingStandby.start(folder);
        server = ServerProcess.startOver(postgres.jdbcUrl(), 0);
        admin = TidemarkAdmin.builder().servers(server.uri().toString()).build();
        admin.createTopic(INPUT, 1);
        admin.createTopic(OUTPUT, 1);
        try (TidemarkProducer<String, String> producer = producer(Duration.ofSeconds(30))) {
            for (String value : VALUES) {
                producer.send(new ProducerRecord<>(INPUT, value, value)).join();
            }
        }
        consumer = TidemarkConsumer.builder()
                .servers(server.uri().toString())
                .groupId(GROUP)
                .enableAutoCommit(false)
                .autoOffsetReset(AutoOffsetReset.EARLIEST)
                .keyDeserializer(Deserializers.text())
                .valueDeserializer(Deserializers.text())
                .build();
        consumer.subscribe(List.of(INPUT));
        postgres.waitFor("nobody");
    }

    @AfterEach
    void stop() throws SQLException {
        postgres.waitFor("");
        consumer.close();
        admin.close();
        server.close();
        postgres.close();
    }

    private TidemarkProducer<String, String> producer(Duration deliveryTimeout) {
        return TidemarkProducer.builder()
                .servers(server.uri().toString())
                .requestTimeout(Duration.ofSeconds(1))
                .deliveryTimeout(deliveryTimeout)
                .keySerializer(Serializers.text())
                .valueSerializer(Serializers.text())
                .build();
    }

    /** Notes what is worked on a second time. */
    private String work(String value) {
        if (!seen.add(value)) {
            cameAgain.set(true);
        }
        return value;
    }

    private String memberId() {
        return admin.describeGroup(GROUP).members().stream()
                .map(GroupMemberDescription::memberId)
                .findFirst()
                .orElse("");
    }

    private boolean isAllCommitted() {
        return admin.committedOffsets(GROUP).values().stream()
                .mapToLong(OffsetAndMetadata::offset)
                .anyMatch(offset -> offset == VALUES.size());
    }

    @Test
    void pipelineDoublesNothing() throws Exception {
        try (TidemarkProducer<String, String> producer = producer(Duration.ofSeconds(3))) {
            ExactlyOncePipeline pipeline = new ExactlyOncePipeline(consumer, producer, OUTPUT, this::work);
            CompletableFuture<Void> working = CompletableFuture.runAsync(() -> {
                while (!isAllCommitted()) {
                    pipeline.step();
                }
            });
            postgres.awaitWaiting();
            String first = memberId();
            await().until(() -> cameAgain.get() || !memberId().equals(first));
            postgres.waitFor("");
            working.get(60, TimeUnit.SECONDS);
        }
        assertThat(postgres.ask(
                        "select string_agg(convert_from(value, 'UTF8'), ',' order by record_offset) from topic.output"))
                .isEqualTo(String.join(",", VALUES));
    }

    @Test
    void workInTheApplicationsDatabaseIsNotDoubledByAnotherConnection() throws Exception {
        try (Connection broken = connect();
                Connection next = connect();
                Statement statement = next.createStatement()) {
            statement.execute("set synchronous_commit = local");
            statement.execute("create table order_count (customer text primary key, orders bigint not null)");
            next.commit();
            CompletableFuture<Void> first = CompletableFuture.runAsync(() -> {
                BusinessTransaction work = new BusinessTransaction(consumer, broken);
                assertThatThrownBy(() -> {
                            while (true) {
                                work.step();
                            }
                        })
                        .isInstanceOf(SQLException.class);
            });
            postgres.awaitWaiting();
            broken.abort(Runnable::run);
            first.get(60, TimeUnit.SECONDS);

            CompletableFuture<Void> working = CompletableFuture.runAsync(() -> {
                BusinessTransaction work = new BusinessTransaction(consumer, next);
                while (!isAllCommitted()) {
                    step(work);
                }
            });
            String before = memberId();
            await().until(() -> isDoneAgain() || !memberId().equals(before));
            postgres.waitFor("");
            working.get(60, TimeUnit.SECONDS);
            try (ResultSet counted = statement.executeQuery("select sum(orders) from order_count")) {
                assertThat(counted.next()).isTrue();
                assertThat(counted.getInt(1)).isEqualTo(VALUES.size());
            }
        }
    }

    /** On the same rows as the transaction in doubt, for whose end it waits. */
    private boolean isDoneAgain() throws SQLException {
        return !postgres.ask("select pid from pg_locks where locktype = 'transactionid' and not granted")
                .isEmpty();
    }

    private static void step(BusinessTransaction work) {
        try {
            work.step();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private Connection connect() throws SQLException {
        Connection connection = DriverManager.getConnection(postgres.jdbcUrl());
        connection.setAutoCommit(false);
        return connection;
    }
}
