package dev.tidemark.client;

import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** A topic as the producer knows it: its partitions, and where records without a key go. Thread-safe. */
final class TopicBuffers {
    final String topic;
    private final Function<TopicPartition, PartitionPipeline> newPipeline;
    private final AtomicInteger sticky =
            new AtomicInteger(ThreadLocalRandom.current().nextInt(Integer.MAX_VALUE));

    /** Never shrinks: a topic that was made again, smaller, may grow again, and a partition's batches have one pipeline for good. */
    private volatile PartitionPipeline[] partitions = {};

    private volatile int partitionCount;
    private volatile long knownSinceNanos;
    private boolean closed;

    TopicBuffers(String topic, Function<TopicPartition, PartitionPipeline> newPipeline) {
        this.topic = topic;
        this.newPipeline = newPipeline;
    }

    /** 0 when it must be asked for again. */
    int partitionCount() {
        return partitionCount;
    }

    PartitionPipeline partition(int partition) {
        return partitions[partition];
    }

    PartitionPipeline[] partitions() {
        return partitions.clone();
    }

    /** The topic has that many partitions now. */
    synchronized void learn(int count, long nowNanos) {
        PartitionPipeline[] known = partitions;
        if (count > known.length) {
            PartitionPipeline[] more = Arrays.copyOf(known, count);
            for (int i = known.length; i < count; i++) {
                more[i] = newPipeline.apply(new TopicPartition(topic, i));
                if (closed) {
                    more[i].buffer.close();
                }
            }
            partitions = more;
        }
        partitionCount = count;
        knownSinceNanos = nowNanos;
    }

    /** The topic, or a partition of it, is no longer what was learnt. */
    synchronized void forget() {
        partitionCount = 0;
    }

    /** Says once a refresh is due, and not again until it has been learnt or that long has passed. */
    synchronized boolean beginRefresh(long maxAgeNanos, long nowNanos) {
        if (nowNanos - knownSinceNanos < maxAgeNanos) {
            return false;
        }
        knownSinceNanos = nowNanos;
        return true;
    }

    /** The partition that records without a key go to for now. */
    int sticky(int count) {
        return sticky.get() % count;
    }

    /** Moves on from that partition, unless another thread has. */
    void moveStickyFrom(int partition, int count) {
        int now = sticky.get();
        if (now % count == partition) {
            sticky.compareAndSet(now, now == Integer.MAX_VALUE ? 0 : now + 1);
        }
    }

    synchronized void close() {
        closed = true;
        for (PartitionPipeline pipeline : partitions) {
            pipeline.buffer.close();
        }
    }
}
