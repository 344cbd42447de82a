package dev.tidemark.integration.door;

import dev.tidemark.client.Acks;
import dev.tidemark.protocol.api.TopicDescription;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A way to the log. Every method blocks for its answer and throws {@link Refused}. For one thread at a time. */
public interface LogClient extends AutoCloseable {
    TopicDescription createTopic(String name, int partitionCount, Map<String, String> configs);

    List<String> listTopics();

    TopicDescription describeTopic(String name);

    TopicDescription alterConfigs(String name, Map<String, @Nullable String> configs);

    TopicDescription addPartitions(String name, int partitionCount);

    void deleteTopic(String name);

    /** Appends records; their places in their order. */
    List<Place> produce(String topic, Acks acks, List<Message> messages);

    default List<Place> produce(String topic, List<Message> messages) {
        return produce(topic, Acks.ALL, messages);
    }

    default List<Place> produce(String topic, Message... messages) {
        return produce(topic, List.of(messages));
    }

    /** The next records from an offset on, as soon as there are some; none when the wait is over. Another thread may complete it. */
    CompletableFuture<List<Stored>> poll(String topic, int partition, long from, Duration wait);

    /** So many records from an offset on; waits for them, and fails the test when they do not come. */
    List<Stored> read(String topic, int partition, long from, int count);

    long earliest(String topic, int partition);

    long latest(String topic, int partition);

    Optional<OffsetAtTime> firstAt(String topic, int partition, Instant time);

    @Override
    void close();
}
