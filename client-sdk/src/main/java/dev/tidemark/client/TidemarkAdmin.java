package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.AlterTopicRequest;
import dev.tidemark.protocol.api.ClusterDescription;
import dev.tidemark.protocol.api.CreateTopicRequest;
import dev.tidemark.protocol.api.TopicDescription;
import dev.tidemark.protocol.api.TopicList;
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
    private final Caller caller;
    private final Offsets offsets;
    private final Duration timeout;
    private volatile boolean closed;

    TidemarkAdmin(ConnectionConfig connection, Duration timeout) {
        this.caller = new Caller(new Transport(connection));
        this.offsets = new Offsets(caller);
        this.timeout = timeout;
    }

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
        requireOpen();
        CreateTopicRequest body = new CreateTopicRequest(name, partitionCount, configs);
        Caller.Call call = caller.new Call(Request.json("POST", "/v1/topics", body), timeout);
        try {
            return call.run().as(TopicDescription.class);
        } catch (TopicExistsException exists) {
            // It may be the topic that a try without an answer has made.
            if (call.lostAnAnswer() && describeTopic(name).partitionCount() == partitionCount) {
                return describeTopic(name);
            }
            throw exists;
        }
    }

    /** All topics, by name. */
    public List<TopicSummary> listTopics() {
        return call(Request.get("/v1/topics")).as(TopicList.class).topics();
    }

    /** A topic's configs, partitions and offsets. @throws UnknownTopicOrPartitionException when there is none */
    public TopicDescription describeTopic(String name) {
        requireOpen();
        return offsets.describe(name, timeout);
    }

    /** Adds partitions so that there are that many; never fewer than now. Keys may move to other partitions. */
    public TopicDescription createPartitions(String name, int partitionCount) {
        requireOpen();
        Caller.Call call = caller
        .new Call(Request.json("PATCH", Request.topicPath(name), new AlterTopicRequest(partitionCount, null)), timeout);
        try {
            return call.run().as(TopicDescription.class);
        } catch (TidemarkException refused) {
            boolean done = refused.errorCode() == ErrorCode.INVALID_PARTITIONS && call.lostAnAnswer();
            if (done && describeTopic(name).partitionCount() == partitionCount) {
                return describeTopic(name);
            }
            throw refused;
        }
    }

    /** Sets configs; a null value goes back to the default. Others stay. */
    public TopicDescription alterConfigs(String name, Map<String, @Nullable String> configs) {
        return call(Request.json("PATCH", Request.topicPath(name), new AlterTopicRequest(null, configs)))
                .as(TopicDescription.class);
    }

    /** Deletes a topic and its records. @throws UnknownTopicOrPartitionException when there is none */
    public void deleteTopic(String name) {
        requireOpen();
        Caller.Call call = caller.new Call(Request.delete(Request.topicPath(name)), timeout);
        try {
            call.run();
        } catch (UnknownTopicOrPartitionException gone) {
            if (!call.lostAnAnswer()) {
                throw gone;
            }
        }
    }

    /** Offsets of partitions. */
    public Map<TopicPartition, Long> listOffsets(Map<TopicPartition, OffsetSpec> partitions) {
        requireOpen();
        return offsets.find(partitions, timeout);
    }

    public ClusterDescription describeCluster() {
        return call(Request.get("/v1/cluster")).as(ClusterDescription.class);
    }

    @Override
    public void close() {
        closed = true;
    }

    private Answer call(Request request) {
        requireOpen();
        return caller.call(request, timeout);
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the admin is closed");
        }
    }
}
