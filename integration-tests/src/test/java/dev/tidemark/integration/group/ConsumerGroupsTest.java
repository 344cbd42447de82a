package dev.tidemark.integration.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.tidemark.client.AutoOffsetReset;
import dev.tidemark.client.CommitFailedException;
import dev.tidemark.client.ConsumerBuilder;
import dev.tidemark.client.ConsumerRecord;
import dev.tidemark.client.ConsumerRecords;
import dev.tidemark.client.Deserializers;
import dev.tidemark.client.FencedInstanceIdException;
import dev.tidemark.client.GroupIdNotFoundException;
import dev.tidemark.client.GroupNotEmptyException;
import dev.tidemark.client.MaxPollIntervalExceededException;
import dev.tidemark.client.OffsetAndMetadata;
import dev.tidemark.client.OffsetReset;
import dev.tidemark.client.OffsetSpec;
import dev.tidemark.client.ProducerRecord;
import dev.tidemark.client.Serializers;
import dev.tidemark.client.TidemarkAdmin;
import dev.tidemark.client.TidemarkConsumer;
import dev.tidemark.client.TidemarkProducer;
import dev.tidemark.client.TopicPartition;
import dev.tidemark.integration.server.RunningServer;
import dev.tidemark.protocol.api.GroupDescription;
import dev.tidemark.protocol.api.GroupMemberDescription;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The SDK's consumers as members of groups of a real server. */
@Timeout(120)
class ConsumerGroupsTest {
    private static final int PARTITIONS = 12;

    @RegisterExtension
    static final RunningServer server = new RunningServer();

    private final String topic = RunningServer.newName();
    private final String group = "group-of-" + topic;
    private final TidemarkAdmin admin =
            TidemarkAdmin.builder().servers(server.uri().toString()).build();
    private final TidemarkProducer<String, String> producer = TidemarkProducer.builder()
            .servers(server.uri().toString())
            .keySerializer(Serializers.text())
            .valueSerializer(Serializers.text())
            .build();
    private final List<Worker> workers = new ArrayList<>();

    @AfterEach
    void close() {
        workers.forEach(Worker::stop);
        producer.close();
        admin.close();
    }

    private ConsumerBuilder<String, String> settings() {
        return TidemarkConsumer.builder()
                .servers(server.uri().toString())
                .groupId(group)
                .keyDeserializer(Deserializers.text())
                .valueDeserializer(Deserializers.text())
                .sessionTimeout(Duration.ofSeconds(3))
                .heartbeatInterval(Duration.ofMillis(200))
                .autoOffsetReset(AutoOffsetReset.EARLIEST);
    }

    private Worker worker() {
        Worker worker = new Worker(settings().build(), topic);
        workers.add(worker);
        return worker;
    }

    private TidemarkConsumer<String, String> subscribed(ConsumerBuilder<String, String> settings) {
        TidemarkConsumer<String, String> consumer = settings.build();
        consumer.subscribe(List.of(topic));
        return consumer;
    }

    /** Numbers, evenly over the partitions. */
    private void produce(int from, int to) {
        for (int i = from; i < to; i++) {
            producer.send(new ProducerRecord<>(topic, i % partitions(), null, "" + i));
        }
        producer.flush();
    }

    private int partitions() {
        return admin.describeTopic(topic).partitionCount();
    }

    private static List<String> numbers(int from, int to) {
        return IntStream.range(from, to).mapToObj(i -> "" + i).toList();
    }

    private static List<String> read(TidemarkConsumer<String, String> consumer, int count) {
        List<String> values = new ArrayList<>();
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (values.size() < count && System.nanoTime() < deadline) {
            for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(5))) {
                values.add(record.value());
            }
        }
        return values;
    }

    private List<String> allRead() {
        return workers.stream().flatMap(worker -> worker.values.stream()).toList();
    }

    private void awaitShared() {
        await().atMost(Duration.ofSeconds(60)).until(() -> {
            Set<TopicPartition> all = new HashSet<>();
            workers.forEach(worker -> all.addAll(worker.owned));
            return all.size() == PARTITIONS
                    && workers.stream().allMatch(worker -> worker.owned.size() == PARTITIONS / workers.size());
        });
    }

    private long committedSum() {
        return admin.committedOffsets(group).values().stream()
                .mapToLong(OffsetAndMetadata::offset)
                .sum();
    }

    @Test
    void aMemberOfThousandsOfPartitionsCommitsThemAll() {
        int partitions = 3_000;
        admin.createTopic(topic, partitions, Map.of());
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        IntStream.range(0, partitions)
                .forEach(partition -> offsets.put(
                        new TopicPartition(topic, partition), new OffsetAndMetadata(0, null, "of " + partition)));
        try (TidemarkConsumer<String, String> consumer = subscribed(settings().enableAutoCommit(false))) {
            await().until(() -> {
                consumer.poll(Duration.ofMillis(100));
                return consumer.assignment().size() == partitions;
            });

            consumer.commitSync(offsets);

            assertThat(consumer.committed(offsets.keySet())).isEqualTo(offsets);
        }
    }

    @Test
    void membersShareTwelvePartitionsWithoutReadingTwiceOrMissing() {
        admin.createTopic(topic, PARTITIONS);
        worker();
        produce(0, 600);
        awaitShared();
        worker();
        produce(600, 1200);
        awaitShared();
        worker();
        produce(1200, 1800);
        awaitShared();
        await().atMost(Duration.ofSeconds(60)).until(() -> allRead().size() >= 1800);
        workers.get(0).stop();
        List<String> first = List.copyOf(workers.remove(0).values);
        awaitShared();
        produce(1800, 2400);
        await().atMost(Duration.ofSeconds(60)).until(() -> allRead().size() + first.size() >= 2400);

        List<String> all = Stream.concat(first.stream(), allRead().stream()).toList();
        assertThat(all).containsExactlyInAnyOrderElementsOf(numbers(0, 2400));
        assertThat(workers).allSatisfy(worker -> assertThat(worker.told).doesNotContain("lost"));
        workers.forEach(Worker::stop);
        workers.clear();
        assertThat(committedSum()).isEqualTo(2400);
    }

    @Test
    void topicsThatMatchAPatternAreReadWhenTheyCome() {
        admin.createTopic(topic + "-a", 1);
        try (TidemarkConsumer<String, String> consumer = settings().build()) {
            consumer.subscribe(Pattern.compile(topic + "-[a-z]"));
            producer.send(new ProducerRecord<>(topic + "-a", 0, null, "one"));
            assertThat(read(consumer, 1)).containsExactly("one");
            admin.createTopic(topic + "-b", 1);
            admin.createTopic(topic + "-7", 1);
            producer.send(new ProducerRecord<>(topic + "-b", 0, null, "two"));
            assertThat(read(consumer, 1)).containsExactly("two");
            assertThat(consumer.subscription()).containsOnly(topic + "-a", topic + "-b");
        }
    }

    @Test
    void whoComesNextGoesOnWhereTheLastOneCommitted() {
        admin.createTopic(topic, 2);
        produce(0, 10);
        try (TidemarkConsumer<String, String> consumer = subscribed(settings())) {
            assertThat(read(consumer, 10)).containsExactlyInAnyOrderElementsOf(numbers(0, 10));
            assertThat(committedSum()).isZero();
        }
        produce(10, 20);
        try (TidemarkConsumer<String, String> consumer = subscribed(settings().enableAutoCommit(false))) {
            assertThat(read(consumer, 10)).containsExactlyInAnyOrderElementsOf(numbers(10, 20));
            TopicPartition first = new TopicPartition(topic, 0);
            consumer.commitSync(Map.of(first, new OffsetAndMetadata(7, 0, "note")));
            assertThat(consumer.committed(Set.of(first)))
                    .containsExactly(Map.entry(first, new OffsetAndMetadata(7, 0, "note")));
        }
        try (TidemarkConsumer<String, String> consumer = subscribed(settings().enableAutoCommit(false))) {
            assertThat(read(consumer, 8)).hasSize(8);
            List<String> done = new ArrayList<>();
            consumer.commitAsync((offsets, failure) -> done.add(String.valueOf(failure)));
            await().until(() -> {
                consumer.poll(Duration.ZERO);
                return !done.isEmpty();
            });
            assertThat(done).containsExactly("null");
            assertThat(committedSum()).isEqualTo(20);
            consumer.seekToBeginning(consumer.assignment());
            assertThat(read(consumer, 20)).as("sought").hasSize(20);
        }
    }

    @Test
    void staticMemberThatComesBackMovesNothing() {
        admin.createTopic(topic, 2);
        produce(0, 10);
        try (TidemarkConsumer<String, String> consumer = subscribed(settings().groupInstanceId("one"))) {
            read(consumer, 10);
        }
        GroupDescription between = admin.describeGroup(group);
        assertThat(between.members()).hasSize(1);
        TidemarkConsumer<String, String> old = subscribed(settings().groupInstanceId("one"));
        produce(10, 20);
        assertThat(read(old, 10)).containsExactlyInAnyOrderElementsOf(numbers(10, 20));
        assertThat(admin.describeGroup(group).generationId()).isEqualTo(between.generationId());

        try (TidemarkConsumer<String, String> other =
                subscribed(settings().groupInstanceId("one").enableAutoCommit(false))) {
            await().until(() -> {
                other.poll(Duration.ofMillis(50));
                return other.assignment().size() == 2;
            });
            await().untilAsserted(() -> assertThatExceptionOfType(FencedInstanceIdException.class)
                    .isThrownBy(() -> old.poll(Duration.ofMillis(50))));
            old.close();
            assertThat(admin.describeGroup(group).members()).hasSize(1);
        }
    }

    @Test
    void partitionsOfAMemberThatHangsGoToOthersAndItJoinsAnew() {
        admin.createTopic(topic, 2);
        produce(0, 10);
        try (TidemarkConsumer<String, String> hangs =
                subscribed(settings().enableAutoCommit(false).maxPollInterval(Duration.ofSeconds(1)))) {
            read(hangs, 10);
            try (TidemarkConsumer<String, String> other = subscribed(settings().enableAutoCommit(false))) {
                assertThat(read(other, 10)).as("not committed").hasSize(10);
                assertThat(other.assignment()).hasSize(2);
                other.commitSync();
                assertThatExceptionOfType(CommitFailedException.class)
                        .isThrownBy(hangs::commitSync)
                        .withMessageContaining("maxPollInterval (1000 ms)");
            }
            produce(10, 12);
            assertThat(read(hangs, 2)).containsExactlyInAnyOrder("10", "11");
            await().until(() -> admin.describeGroup(group).members().isEmpty());
            assertThatExceptionOfType(MaxPollIntervalExceededException.class)
                    .isThrownBy(() -> hangs.poll(Duration.ZERO));
        }
    }

    @Test
    void memberThatTheServerHasForgottenIsToldWhyAndJoinsAnew() {
        admin.createTopic(topic, 2);
        produce(0, 10);
        try (TidemarkConsumer<String, String> consumer = subscribed(settings().enableAutoCommit(false))) {
            read(consumer, 10);
            String member = consumer.groupMetadata().memberId();
            server.http().delete("/v1/groups/" + group + "/members/" + member);
            assertThatExceptionOfType(CommitFailedException.class).isThrownBy(consumer::commitSync);
            assertThat(read(consumer, 10)).hasSize(10);
            assertThat(consumer.groupMetadata().memberId()).isNotEqualTo(member);
            consumer.commitSync();
        }
        assertThat(committedSum()).isEqualTo(10);
    }

    @Test
    void commitInTheApplicationsTransactionCountsWithItOrNotAtAll() throws Exception {
        admin.createTopic(topic, 2);
        produce(0, 10);
        try (Connection connection = server.connect();
                TidemarkConsumer<String, String> consumer =
                        subscribed(settings().enableAutoCommit(false))) {
            try (Statement setup = connection.createStatement()) {
                setup.execute("create temporary table done (value text)");
            }
            connection.setAutoCommit(false);
            read(consumer, 10);
            work(connection, 10);
            consumer.commit(connection);
            connection.rollback();
            assertThat(committedSum()).isZero();

            consumer.seekToCommitted();
            assertThat(read(consumer, 10)).as("rolled back").hasSize(10);
            work(connection, 10);
            consumer.commit(connection);
            connection.commit();
            assertThat(committedSum()).isEqualTo(10);

            produce(10, 11);
            read(consumer, 1);
            String member = consumer.groupMetadata().memberId();
            server.http().delete("/v1/groups/" + group + "/members/" + member);
            await().until(() -> admin.describeGroup(group).members().isEmpty());
            work(connection, 1);
            assertThatExceptionOfType(CommitFailedException.class)
                    .isThrownBy(() -> consumer.commit(connection))
                    .withMessageContaining("were not committed");
            connection.rollback();
            assertThat(committedSum()).isEqualTo(10);
            assertThat(read(consumer, 1)).as("joined anew").containsExactly("10");
        }
        try (Connection connection = server.connect();
                TidemarkConsumer<String, String> automatic = subscribed(settings())) {
            read(automatic, 1);
            assertThatExceptionOfType(IllegalStateException.class)
                    .isThrownBy(() -> automatic.commit(connection))
                    .withMessageContaining("enableAutoCommit");
        }
    }

    private static void work(Connection connection, int count) throws Exception {
        try (Statement insert = connection.createStatement()) {
            insert.execute("insert into done select 'x' from generate_series(1, " + count + ")");
        }
    }

    @Test
    void partitionsAssignedByHandStartAtTheCommittedOffset() {
        admin.createTopic(topic, 1);
        produce(0, 10);
        TopicPartition only = new TopicPartition(topic, 0);
        try (TidemarkConsumer<String, String> consumer = settings().build()) {
            consumer.assign(List.of(only));
            read(consumer, 10);
            consumer.seek(only, 4);
            consumer.commitSync();
        }
        try (TidemarkConsumer<String, String> consumer = settings().build()) {
            consumer.assign(List.of(only));
            assertThat(read(consumer, 6)).isEqualTo(numbers(4, 10));
        }
    }

    @Test
    void adminListsDescribesResetsAndDeletes() {
        admin.createTopic(topic, 2);
        produce(0, 10);
        try (TidemarkConsumer<String, String> consumer = subscribed(settings().clientId("worker 7"))) {
            read(consumer, 10);
            consumer.commitSync();
            produce(10, 11);
            GroupDescription described = admin.describeGroup(group);
            assertThat(described.state()).isEqualTo("Stable");
            assertThat(described.assignor()).isEqualTo("sticky");
            assertThat(described.members())
                    .extracting(GroupMemberDescription::clientId)
                    .containsExactly("worker 7");
            assertThat(described.partitions())
                    .hasSize(2)
                    .allSatisfy(partition -> assertThat(partition.memberId())
                            .isEqualTo(consumer.groupMetadata().memberId()));
            assertThat(described.partitions().get(0).lag()).isEqualTo(1);
            assertThat(admin.listGroups()).anySatisfy(listed -> {
                assertThat(listed.groupId()).isEqualTo(group);
                assertThat(listed.memberCount()).isEqualTo(1);
            });
            assertThatExceptionOfType(GroupNotEmptyException.class).isThrownBy(() -> admin.deleteGroup(group));
            assertThatExceptionOfType(GroupNotEmptyException.class)
                    .isThrownBy(() -> admin.resetOffsets(group, OffsetReset.toOffset(0), false));
        }
        assertThat(committedSum()).isEqualTo(10);
        OffsetReset back = OffsetReset.shiftBy(-2).topics(List.of(topic));
        assertThat(admin.resetOffsets(group, back, true).dryRun()).isTrue();
        assertThat(committedSum()).isEqualTo(10);
        admin.resetOffsets(group, back, false);
        assertThat(committedSum()).isEqualTo(6);
        admin.resetOffsets(
                group,
                OffsetReset.to(new OffsetSpec.Earliest()).partitions(List.of(new TopicPartition(topic, 1))),
                false);
        assertThat(admin.committedOffsets(group))
                .extractingByKey(new TopicPartition(topic, 1))
                .extracting(OffsetAndMetadata::offset)
                .isEqualTo(0L);
        admin.deleteGroup(group);
        assertThatExceptionOfType(GroupIdNotFoundException.class).isThrownBy(() -> admin.describeGroup(group));
        assertThat(admin.committedOffsets(group)).isEmpty();
        assertThatExceptionOfType(GroupIdNotFoundException.class).isThrownBy(() -> admin.deleteGroup(group));
    }

    @Test
    void offsetBeyondTheLogEndIsRefusedAndNothingOfTheCommitStays() {
        admin.createTopic(topic, 2);
        produce(0, 10);
        try (TidemarkConsumer<String, String> consumer = subscribed(settings().enableAutoCommit(false))) {
            ConsumerRecords<String, String> some = consumer.poll(Duration.ofSeconds(30));
            assertThat(some.isEmpty()).isFalse();
            assertThatExceptionOfType(dev.tidemark.client.TidemarkException.class)
                    .isThrownBy(() -> consumer.commitSync(Map.of(
                            new TopicPartition(topic, 0), new OffsetAndMetadata(1),
                            new TopicPartition(topic, 1), new OffsetAndMetadata(99))))
                    .satisfies(e -> assertThat(e.errorCode().name()).isEqualTo("OFFSET_OUT_OF_RANGE"));
            assertThat(committedSum()).isZero();
        }
    }
}
