package dev.tidemark.integration.contract;

import static dev.tidemark.integration.contract.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import dev.tidemark.integration.door.LogClient;
import dev.tidemark.integration.door.Message;
import dev.tidemark.integration.door.Place;
import dev.tidemark.integration.server.Door;
import dev.tidemark.integration.server.RunningServer;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.PartitionDescription;
import dev.tidemark.protocol.api.TopicDescription;
import java.util.Collections;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@ThroughEveryDoor
class TopicsTest {
    @RegisterExtension
    static final RunningServer server = new RunningServer();

    private final LogClient client;
    private final String topic = RunningServer.newName();

    TopicsTest(Door door) {
        client = server.client(door);
    }

    @AfterEach
    void close() {
        client.close();
    }

    @Test
    void createdTopicIsDescribedAndListed() {
        TopicDescription created = client.createTopic(topic, 3, Map.of("value.type", "json"));

        assertThat(created).isEqualTo(client.describeTopic(topic));
        assertThat(created.name()).isEqualTo(topic);
        assertThat(UUID.fromString(created.id())).isNotNull();
        assertThat(created.partitionCount()).isEqualTo(3);
        assertThat(created.partitions())
                .extracting(PartitionDescription::partition, PartitionDescription::logEndOffset)
                .containsExactly(tuple(0, 0L), tuple(1, 0L), tuple(2, 0L));
        assertThat(client.listTopics()).contains(topic);
    }

    @Test
    void configsShowKafkasDefaultsAndWhatWasSet() {
        TopicDescription created = client.createTopic(
                topic, 1, Map.of("retention.ms", "-1", "key.type", "text", "compression.type", "lz4"));

        assertThat(created.configs())
                .containsEntry("retention.ms", "-1")
                .containsEntry("key.type", "text")
                .containsEntry("value.type", "bytes")
                .containsEntry("segment.bytes", "1073741824")
                .containsEntry("max.message.bytes", "1048588")
                .containsEntry("message.timestamp.type", "CreateTime")
                .containsEntry("unsafe.acks", "false");
        assertThat(created.unusedConfigs()).containsExactly("compression.type");
    }

    @Test
    void describingCountsWhatWasAppended() {
        client.createTopic(topic, 2, Map.of());
        client.produce(topic, Message.numbered(1, 0, 5));

        PartitionDescription written = client.describeTopic(topic).partitions().get(1);
        assertThat(written.logStartOffset()).isZero();
        assertThat(written.logEndOffset()).isEqualTo(5);
        assertThat(written.segments()).isPositive();
        assertThat(written.bytes()).isPositive();
        assertThat(client.describeTopic(topic).partitions().get(0).logEndOffset())
                .isZero();
    }

    @Test
    void topicIsNotCreatedTwice() {
        client.createTopic(topic, 1, Map.of());

        assertRefused(ErrorCode.TOPIC_ALREADY_EXISTS, topic, () -> client.createTopic(topic, 1, Map.of()));
    }

    @Test
    void illegalTopicsAreRefusedByWhatIsWrong() {
        assertRefused(ErrorCode.INVALID_TOPIC_EXCEPTION, "a b", () -> client.createTopic("a b", 1, Map.of()));
        assertRefused(ErrorCode.INVALID_TOPIC_EXCEPTION, "__x", () -> client.createTopic("__x", 1, Map.of()));
        assertRefused(ErrorCode.INVALID_PARTITIONS, "0", () -> client.createTopic(topic, 0, Map.of()));
        assertRefused(ErrorCode.INVALID_PARTITIONS, "10001", () -> client.createTopic(topic, 10_001, Map.of()));
        assertRefused(
                ErrorCode.INVALID_CONFIG,
                "no.such.config",
                () -> client.createTopic(topic, 1, Map.of("no.such.config", "1")));
        assertRefused(
                ErrorCode.INVALID_CONFIG,
                "retention.ms",
                () -> client.createTopic(topic, 1, Map.of("retention.ms", "a week")));
        assertThat(client.listTopics()).doesNotContain(topic, "a b", "__x");
    }

    @Test
    void configsAreSetAndUnset() {
        client.createTopic(topic, 1, Map.of("segment.ms", "1000"));

        assertThat(client.alterConfigs(topic, Map.of("retention.ms", "5000")).configs())
                .containsEntry("retention.ms", "5000")
                .containsEntry("segment.ms", "1000");
        assertThat(client.alterConfigs(topic, Collections.singletonMap("segment.ms", null))
                        .configs())
                .containsEntry("retention.ms", "5000")
                .containsEntry("segment.ms", "604800000");
    }

    @Test
    void typesAreFixedOnceThereAreRecords() {
        client.createTopic(topic, 1, Map.of());
        assertThat(client.alterConfigs(topic, Map.of("value.type", "text")).configs())
                .containsEntry("value.type", "text");
        client.produce(topic, Message.of("one"));

        assertRefused(
                ErrorCode.INVALID_CONFIG,
                "value.type",
                () -> client.alterConfigs(topic, Map.of("value.type", "bytes")));
        assertThat(client.describeTopic(topic).configs()).containsEntry("value.type", "text");
    }

    @Test
    void partitionsAreAddedAndNeverTakenAway() {
        client.createTopic(topic, 1, Map.of());
        client.produce(topic, Message.of("kept"));

        assertThat(client.addPartitions(topic, 3).partitionCount()).isEqualTo(3);
        Place first = client.produce(topic, Message.of("new").to(2)).get(0);
        assertThat(first).extracting(Place::partition, Place::offset).containsExactly(2, 0L);
        assertThat(client.read(topic, 0, 0, 1).get(0).content().valueText()).isEqualTo("kept");
        assertRefused(ErrorCode.INVALID_PARTITIONS, "3", () -> client.addPartitions(topic, 2));
    }

    @Test
    void deletedTopicIsGoneAndItsNameIsFree() {
        String first = client.createTopic(topic, 1, Map.of()).id();
        client.produce(topic, Message.of("gone"));
        client.deleteTopic(topic);

        assertThat(client.listTopics()).doesNotContain(topic);
        assertRefused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, topic, () -> client.describeTopic(topic));
        assertRefused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, topic, () -> client.deleteTopic(topic));
        assertThat(client.createTopic(topic, 1, Map.of()).id()).isNotEqualTo(first);
        assertThat(client.latest(topic, 0)).isZero();
        assertThat(client.produce(topic, Message.of("new")).get(0).offset()).isZero();
        assertThat(client.read(topic, 0, 0, 1).get(0).content().valueText()).isEqualTo("new");
    }

    @Test
    void unknownTopicsAndPartitionsAreNamed() {
        client.createTopic(topic, 2, Map.of());

        assertRefused(
                ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                "no-such-topic",
                () -> client.produce("no-such-topic", Message.of("x")));
        assertRefused(
                ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                "2",
                () -> client.produce(topic, Message.of("x").to(2)));
        assertRefused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "2", () -> client.read(topic, 2, 0, 1));
        assertRefused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "2", () -> client.latest(topic, 2));
    }
}
