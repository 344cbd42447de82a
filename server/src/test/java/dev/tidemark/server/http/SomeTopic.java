package dev.tidemark.server.http;

import dev.tidemark.server.topic.DataType;
import dev.tidemark.server.topic.Topic;
import dev.tidemark.server.topic.TopicConfig;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;

/** Topics as the codecs see them. */
final class SomeTopic {
    private SomeTopic() {}

    static Topic of(DataType keyType, DataType valueType, int partitions) {
        return new Topic(
                1,
                new UUID(1, 2),
                "some-topic",
                IntStream.range(0, partitions).boxed().toList(),
                new TopicConfig(
                        keyType,
                        valueType,
                        1_048_588,
                        1 << 30,
                        604_800_000,
                        false,
                        3_600_000,
                        Long.MAX_VALUE,
                        false,
                        Map.of()));
    }
}
