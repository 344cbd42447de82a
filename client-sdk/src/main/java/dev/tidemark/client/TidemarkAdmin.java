package dev.tidemark.client;

import dev.tidemark.protocol.api.ClusterDescription;
import dev.tidemark.protocol.api.TopicDescription;
import dev.tidemark.protocol.api.TopicSummary;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Manages topics. Thread-safe. Every method blocks until the server has answered, at most the builder's {@code timeout}, and throws {@link TidemarkException} when the server refuses.
 *
 * <p>A method whose answer was lost is asked again only where that changes nothing (reading, altering, deleting, creating: a topic or partition count found to be as wanted after a lost answer is
 * success).
 */
public final class TidemarkAdmin implements AutoCloseable {
    TidemarkAdmin(ConnectionConfig connection, Duration timeout) {}

    public static AdminBuilder builder() {
        return new AdminBuilder();
    }

    /** Creates a topic with the default configs. @throws TopicExistsException when there is one of that name */
    public TopicDescription createTopic(String name, int partitionCount) {
        return createTopic(name, partitionCount, Map.of());
    }

    /**
     * Creates a topic.
     *
     * @param configs by Kafka's names, such as {@code retention.ms}; those not named have their defaults
     * @throws TopicExistsException when there is one of that name
     */
    public TopicDescription createTopic(String name, int partitionCount, Map<String, String> configs) {
        throw new UnsupportedOperationException();
    }

    /** All topics, by name. */
    public List<TopicSummary> listTopics() {
        throw new UnsupportedOperationException();
    }

    /** A topic's configs, partitions and offsets. @throws UnknownTopicOrPartitionException when there is none */
    public TopicDescription describeTopic(String name) {
        throw new UnsupportedOperationException();
    }

    /** Adds partitions so that there are that many; never fewer than now. Keys may move to other partitions. */
    public TopicDescription createPartitions(String name, int partitionCount) {
        throw new UnsupportedOperationException();
    }

    /** Sets configs; a null value goes back to the default. Others stay. */
    public TopicDescription alterConfigs(String name, Map<String, @Nullable String> configs) {
        throw new UnsupportedOperationException();
    }

    /** Deletes a topic and its records. @throws UnknownTopicOrPartitionException when there is none */
    public void deleteTopic(String name) {
        throw new UnsupportedOperationException();
    }

    /** Offsets of partitions. */
    public Map<TopicPartition, Long> listOffsets(Map<TopicPartition, OffsetSpec> partitions) {
        throw new UnsupportedOperationException();
    }

    public ClusterDescription describeCluster() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
