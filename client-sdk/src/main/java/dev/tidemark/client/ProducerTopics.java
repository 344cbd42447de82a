package dev.tidemark.client;

import dev.tidemark.protocol.api.TopicDescription;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/** The topics a producer has sent to, with their partitions; asked for once, and again every few minutes for partitions that were added. Thread-safe. */
final class ProducerTopics {
    /** As Kafka's metadata.max.age.ms. */
    private static final Duration MAX_AGE = Duration.ofMinutes(5);

    /** A record for a partition that is not known asks anew, but the server is asked no more often than this. */
    private static final Duration MIN_AGE = Duration.ofSeconds(1);

    private final Caller caller;
    private final Duration maxBlock;
    private final long minAgeNanos;
    private final Function<TopicPartition, PartitionPipeline> newPipeline;
    private final Map<String, TopicBuffers> topics = new ConcurrentHashMap<>();
    private volatile boolean closed;

    ProducerTopics(Caller caller, Duration maxBlock, Function<TopicPartition, PartitionPipeline> newPipeline) {
        this.caller = caller;
        this.maxBlock = maxBlock;
        // Waiting for it must leave time to ask.
        this.minAgeNanos = Math.min(MIN_AGE.toNanos(), maxBlock.toNanos() / 2);
        this.newPipeline = newPipeline;
    }

    /** Blocks for a topic's first use. @throws TidemarkException when its partitions cannot be had */
    TopicBuffers get(String topic) {
        TopicBuffers known = topics.get(topic);
        return known != null && known.partitionCount() > 0 ? known : load(topic, maxBlock);
    }

    /** The server does not know the topic, or one of its partitions, as we do: ask again before the next record. */
    void forget(String topic) {
        TopicBuffers known = topics.get(topic);
        if (known != null) {
            known.forget();
        }
    }

    /** Whether the topic's partitions should be asked for again, which the caller then does. */
    boolean beginRefresh(String topic) {
        TopicBuffers known = topics.get(topic);
        return known != null && known.beginRefresh(MAX_AGE.toNanos(), System.nanoTime());
    }

    /** Asks for the topic's partitions and waits. */
    TopicBuffers load(String topic, Duration timeout) {
        long whenAskedNanos = System.nanoTime();
        int count = caller.call(Request.get(Request.topicPath(topic)), timeout)
                .as(TopicDescription.class)
                .partitionCount();
        TopicBuffers buffers = topics.computeIfAbsent(topic, name -> new TopicBuffers(name, newPipeline));
        buffers.learn(count, whenAskedNanos);
        if (closed) {
            buffers.close();
        }
        return buffers;
    }

    /**
     * Lets a partition pass that is known. One that is not may have been added since the server was last asked: it is asked again, once that is {@link #MIN_AGE} ago.
     *
     * @throws UnknownTopicOrPartitionException when there is no such partition
     */
    void require(TopicBuffers topic, int partition) {
        if (partition >= topic.partitionCount()) {
            findAdded(topic, partition);
        }
    }

    private void findAdded(TopicBuffers topic, int partition) {
        Deadline deadline = Deadline.in(maxBlock);
        try {
            if (topic.awaitPartition(partition, minAgeNanos, deadline)) {
                load(topic.topic, deadline.left());
            }
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
        if (partition >= topic.partitionCount()) {
            throw new UnknownTopicOrPartitionException(
                    "topic " + topic.topic + " has no partition " + partition + ", only 0 to "
                            + (topic.partitionCount() - 1),
                    null);
        }
    }

    /** No partition takes another record. */
    void close() {
        closed = true;
        topics.values().forEach(TopicBuffers::close);
    }

    List<PartitionPipeline> pipelines() {
        List<PartitionPipeline> pipelines = new ArrayList<>();
        topics.values().forEach(topic -> pipelines.addAll(List.of(topic.partitions())));
        return pipelines;
    }
}
