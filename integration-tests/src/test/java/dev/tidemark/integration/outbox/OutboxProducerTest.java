package dev.tidemark.integration.outbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemark.client.ConsumerRecord;
import dev.tidemark.client.Deserializers;
import dev.tidemark.client.GroupOffsets;
import dev.tidemark.client.InvalidRecordException;
import dev.tidemark.client.OffsetAndMetadata;
import dev.tidemark.client.OutboxProducer;
import dev.tidemark.client.ProducerRecord;
import dev.tidemark.client.SerializationException;
import dev.tidemark.client.Serializers;
import dev.tidemark.client.TidemarkAdmin;
import dev.tidemark.client.TidemarkConsumer;
import dev.tidemark.client.TidemarkProducer;
import dev.tidemark.client.TopicPartition;
import dev.tidemark.integration.server.RunningServer;
import dev.tidemark.protocol.Header;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The SDK's ways to have records take place together with something else, against a running server. */
class OutboxProducerTest {
    @RegisterExtension
    static final RunningServer server = new RunningServer();

    private final OutboxProducer<String, String> outbox = OutboxProducer.builder()
            .keySerializer(Serializers.text())
            .valueSerializer(Serializers.text())
            .build();
    private final String topic = RunningServer.newName();

    private void createTopic(String name, Map<String, String> configs) {
        try (TidemarkAdmin admin =
                TidemarkAdmin.builder().servers(server.uri().toString()).build()) {
            admin.createTopic(name, 2, configs);
        }
    }

    private List<ConsumerRecord<String, String>> read(String name, int count) {
        try (TidemarkConsumer<String, String> consumer = TidemarkConsumer.builder()
                .servers(server.uri().toString())
                .keyDeserializer(Deserializers.text())
                .valueDeserializer(Deserializers.text())
                .build()) {
            consumer.assign(consumer.partitionsFor(name));
            consumer.seekToBeginning(consumer.assignment());
            List<ConsumerRecord<String, String>> records = new ArrayList<>();
            await().atMost(Duration.ofSeconds(30)).until(() -> {
                consumer.poll(Duration.ofMillis(100)).forEach(records::add);
                return records.size() >= count;
            });
            consumer.poll(Duration.ofMillis(100)).forEach(records::add);
            assertThat(records).hasSize(count);
            return records;
        }
    }

    @Test
    void recordComesWithItsTransactionAsItWasSent() throws SQLException {
        createTopic(topic, Map.of());
        List<Header> headers = List.of(
                new Header("h", "ä".getBytes(StandardCharsets.UTF_8)),
                new Header("h", null),
                new Header("b", new byte[] {0, -1}));
        try (Connection connection = server.connect()) {
            connection.setAutoCommit(false);
            long first = outbox.send(connection, new ProducerRecord<>(topic, 1, 1_700_000_000_123L, "k", "v", headers));
            long second = outbox.send(connection, new ProducerRecord<>(topic, 1, "k", (String) null));
            assertThat(second).isGreaterThan(first);
            connection.commit();
            outbox.send(connection, new ProducerRecord<>(topic, 1, "k", "never"));
            connection.rollback();
        }

        List<ConsumerRecord<String, String>> records = read(topic, 2);
        ConsumerRecord<String, String> record = records.get(0);
        assertThat(record.partition()).isEqualTo(1);
        assertThat(record.timestamp()).isEqualTo(1_700_000_000_123L);
        assertThat(record.key() + record.value()).isEqualTo("kv");
        assertThat(record.headers()).isEqualTo(headers);
        assertThat(records.get(1).value()).isNull();
    }

    @Test
    void severalGoInOneStatementInTheirOrder() throws SQLException {
        createTopic(topic, Map.of());
        List<ProducerRecord<String, String>> sent = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            sent.add(new ProducerRecord<>(
                    topic,
                    0,
                    i % 3 == 0 ? null : 1_700_000_000_000L + i,
                    i % 2 == 0 ? null : "k",
                    "v" + i,
                    List.of(new Header("n", new byte[] {1}))));
        }
        try (Connection connection = server.connect()) {
            connection.setAutoCommit(false);
            assertThat(outbox.sendAll(connection, sent)).hasSize(1_000).isSorted();
            assertThat(outbox.sendAll(connection, List.of())).isEmpty();
            connection.commit();
        }

        assertThat(read(topic, 1_000))
                .extracting(ConsumerRecord::value)
                .isEqualTo(sent.stream().map(ProducerRecord::value).toList());
    }

    @Test
    void whatTheTopicWouldNotTakeIsRefusedAtTheCall() throws SQLException {
        createTopic(topic, Map.of("value.type", "json"));
        try (Connection connection = server.connect()) {
            connection.setAutoCommit(false);
            assertThatThrownBy(() -> outbox.send(connection, new ProducerRecord<>(topic, "k", "no JSON")))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("TM087"));
            connection.rollback();
            assertThatThrownBy(() -> outbox.send(connection, new ProducerRecord<>("nowhere", "k", "1")))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("TM003"));
            connection.rollback();
            connection.setAutoCommit(true);
            assertThatThrownBy(() -> outbox.send(connection, new ProducerRecord<>(topic, "k", "1")))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("autocommit");
            connection.setAutoCommit(false);
            OutboxProducer<String, String> broken = OutboxProducer.builder()
                    .keySerializer(Serializers.text())
                    .<String>valueSerializer((name, value) -> {
                        throw new IllegalArgumentException("never");
                    })
                    .build();
            assertThatThrownBy(() -> broken.send(connection, new ProducerRecord<>(topic, "k", "1")))
                    .isInstanceOf(SerializationException.class);
        }
    }

    @Test
    void transactionOfTheProducerIsAllOrNothing() throws SQLException {
        createTopic(topic, Map.of());
        String json = RunningServer.newName();
        createTopic(json, Map.of("value.type", "json"));
        try (TidemarkProducer<String, String> producer = TidemarkProducer.builder()
                .servers(server.uri().toString())
                .keySerializer(Serializers.text())
                .valueSerializer(Serializers.text())
                .build()) {
            var places = producer.transaction(transaction -> {
                transaction.send(new ProducerRecord<>(topic, 1, "k", "v"));
                transaction.send(new ProducerRecord<>(json, 0, "k", "{}"));
            });
            assertThat(places)
                    .extracting(place -> place.topic() + place.partition() + place.offset())
                    .containsExactly(topic + "10", json + "00");
            assertThatThrownBy(() -> producer.transaction(transaction -> {
                        transaction.send(new ProducerRecord<>(topic, 1, "k", "never"));
                        transaction.send(new ProducerRecord<>(json, 0, "k", "no JSON"));
                    }))
                    .isInstanceOf(InvalidRecordException.class);
            for (int i = 0; i < 20; i++) {
                String value = "after " + i;
                producer.transaction(transaction -> transaction.send(new ProducerRecord<>(topic, 1, "k", value)));
            }
        }

        assertThat(read(topic, 21).get(1).value()).isEqualTo("after 0");
        read(json, 1);
    }

    @Test
    void topicMadeAgainTakesTransactionsOfTheSameProducer() {
        createTopic(topic, Map.of());
        try (TidemarkProducer<String, String> producer = TidemarkProducer.builder()
                        .servers(server.uri().toString())
                        .keySerializer(Serializers.text())
                        .valueSerializer(Serializers.text())
                        .build();
                TidemarkAdmin admin =
                        TidemarkAdmin.builder().servers(server.uri().toString()).build()) {
            producer.transaction(transaction -> transaction.send(new ProducerRecord<>(topic, 0, "k", "before")));
            admin.deleteTopic(topic);
            createTopic(topic, Map.of());

            producer.transaction(transaction -> transaction.send(new ProducerRecord<>(topic, 0, "k", "after")));
        }

        assertThat(read(topic, 1).get(0).value()).isEqualTo("after");
    }

    /** The groups' function stands in here. */
    @Test
    void offsetsAreCommittedWithTheRecordsOrNeither() throws SQLException {
        createTopic(topic, Map.of());
        execute(
                "create table if not exists committed (what text);"
                        + " create or replace function tidemark_internal.commit_group_offsets(p_group text, p_member_id text, p_generation int, p_topics text[],"
                        + " p_partitions int[], p_committed_offsets bigint[], p_leader_epochs int[], p_metadata text[], p_principal text) returns void language plpgsql as"
                        + " $$ begin if p_generation <> 3 then raise exception 'generation % is over', p_generation using errcode = 'TM022'; end if;"
                        + " insert into committed values (p_group || p_topics[1] || p_partitions[1] || p_committed_offsets[1]); end $$");
        try (TidemarkProducer<String, String> producer = TidemarkProducer.builder()
                .servers(server.uri().toString())
                .keySerializer(Serializers.text())
                .valueSerializer(Serializers.text())
                .build()) {
            producer.transaction(transaction -> {
                transaction.send(new ProducerRecord<>(topic, 0, "k", "v"));
                transaction.commit(offsets(3));
            });
            producer.transaction(transaction -> transaction.commit(offsets(3)));
            assertThatThrownBy(() -> producer.transaction(transaction -> {
                        transaction.send(new ProducerRecord<>(topic, 0, "k", "never"));
                        transaction.commit(offsets(2));
                    }))
                    .hasMessage("generation 2 is over");
        }

        read(topic, 1);
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement();
                var row = statement.executeQuery("select string_agg(what, ',') from committed")) {
            row.next();
            assertThat(row.getString(1)).isEqualTo("gin17,gin17");
        }
    }

    private static GroupOffsets offsets(int generation) {
        return new GroupOffsets("g", "m", generation, Map.of(new TopicPartition("in", 1), new OffsetAndMetadata(7)));
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
