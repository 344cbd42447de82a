package dev.tidemark.integration.outbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemark.client.AutoOffsetReset;
import dev.tidemark.client.ConsumerGroupMetadata;
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
import dev.tidemark.client.TidemarkException;
import dev.tidemark.client.TidemarkProducer;
import dev.tidemark.client.TopicPartition;
import dev.tidemark.integration.server.RunningServer;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.Header;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
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
        try (TidemarkProducer<String, String> producer = producer()) {
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
        try (TidemarkProducer<String, String> producer = producer();
                TidemarkAdmin admin =
                        TidemarkAdmin.builder().servers(server.uri().toString()).build()) {
            producer.transaction(transaction -> transaction.send(new ProducerRecord<>(topic, 0, "k", "before")));
            admin.deleteTopic(topic);
            createTopic(topic, Map.of());

            producer.transaction(transaction -> transaction.send(new ProducerRecord<>(topic, 0, "k", "after")));
        }

        assertThat(read(topic, 1).get(0).value()).isEqualTo("after");
    }

    private TidemarkProducer<String, String> producer() {
        return TidemarkProducer.builder()
                .servers(server.uri().toString())
                .keySerializer(Serializers.text())
                .valueSerializer(Serializers.text())
                .build();
    }

    /** A member, once it has read the records that are there. */
    private static TidemarkConsumer<String, String> member(String group, String name, int count) {
        TidemarkConsumer<String, String> consumer = TidemarkConsumer.builder()
                .servers(server.uri().toString())
                .groupId(group)
                .enableAutoCommit(false)
                .autoOffsetReset(AutoOffsetReset.EARLIEST)
                .keyDeserializer(Deserializers.text())
                .valueDeserializer(Deserializers.text())
                .build();
        consumer.subscribe(List.of(name));
        pollUntil(consumer, count);
        return consumer;
    }

    private static void pollUntil(TidemarkConsumer<String, String> consumer, int count) {
        AtomicInteger records = new AtomicInteger();
        await().atMost(Duration.ofSeconds(30))
                .until(() ->
                        records.addAndGet(consumer.poll(Duration.ofMillis(100)).count()) >= count);
    }

    private static Map<TopicPartition, Long> committed(String group) {
        try (TidemarkAdmin admin =
                TidemarkAdmin.builder().servers(server.uri().toString()).build()) {
            Map<TopicPartition, Long> offsets = new HashMap<>();
            admin.committedOffsets(group).forEach((partition, offset) -> offsets.put(partition, offset.offset()));
            return offsets;
        }
    }

    @Test
    void offsetsAreCommittedWithTheRecordsOrNeither() {
        createTopic(topic, Map.of());
        String in = RunningServer.newName();
        createTopic(in, Map.of());
        String group = "group-of-" + topic;
        try (TidemarkProducer<String, String> producer = producer()) {
            producer.send(new ProducerRecord<>(in, 0, "k", "one"));
            producer.send(new ProducerRecord<>(in, 1, "k", "two"));
            producer.flush();
            try (TidemarkConsumer<String, String> consumer = member(group, in, 2)) {
                producer.transaction(transaction -> {
                    transaction.send(new ProducerRecord<>(topic, 0, "k", "v"));
                    transaction.commit(consumer);
                });
                assertThat(committed(group))
                        .containsOnly(
                                Map.entry(new TopicPartition(in, 0), 1L), Map.entry(new TopicPartition(in, 1), 1L));

                producer.send(new ProducerRecord<>(in, 0, "k", "three"));
                producer.flush();
                pollUntil(consumer, 1);
                producer.transaction(transaction -> transaction.commit(consumer));
                assertThat(committed(group)).containsEntry(new TopicPartition(in, 0), 2L);

                GroupOffsets before = offsets(consumer.groupMetadata(), -1, new TopicPartition(in, 1), 0);
                assertRefused(producer, before, ErrorCode.ILLEGAL_GENERATION);
                GroupOffsets above = offsets(consumer.groupMetadata(), 0, new TopicPartition(in, 1), 2);
                assertRefused(producer, above, ErrorCode.OFFSET_OUT_OF_RANGE);
                GroupOffsets late = offsets(consumer.groupMetadata(), 0, new TopicPartition(in, 1), 0);
                server.http()
                        .delete("/v1/groups/" + group + "/members/"
                                + consumer.groupMetadata().memberId());
                assertRefused(producer, late, ErrorCode.UNKNOWN_MEMBER_ID);
            }
        }

        read(topic, 1);
        assertThat(committed(group))
                .containsOnly(Map.entry(new TopicPartition(in, 0), 2L), Map.entry(new TopicPartition(in, 1), 1L));
    }

    private void assertRefused(TidemarkProducer<String, String> producer, GroupOffsets offsets, ErrorCode error) {
        assertThatThrownBy(() -> producer.transaction(transaction -> {
                    transaction.send(new ProducerRecord<>(topic, 0, "k", "never"));
                    transaction.commit(offsets);
                }))
                .isInstanceOfSatisfying(
                        TidemarkException.class,
                        e -> assertThat(e.errorCode()).as(e.getMessage()).isEqualTo(error));
    }

    /** @param generations from the one it was told */
    private static GroupOffsets offsets(
            ConsumerGroupMetadata member, int generations, TopicPartition partition, long offset) {
        return new GroupOffsets(
                member.groupId(),
                member.memberId(),
                member.generationId() + generations,
                Map.of(partition, new OffsetAndMetadata(offset)));
    }
}
