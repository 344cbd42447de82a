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
    private volatile PartitionPipeline[] partitions = {};
    private volatile long knownSinceNanos;
    private boolean closed;

    TopicBuffers(String topic, Function<TopicPartition, PartitionPipeline> newPipeline) {
        this.topic = topic;
        this.newPipeline = newPipeline;
    }

    int partitionCount() {
        return partitions.length;
    }

    PartitionPipeline partition(int partition) {
        return partitions[partition];
    }

    PartitionPipeline[] partitions() {
        return partitions.clone();
    }

    long knownSinceNanos() {
        return knownSinceNanos;
    }

    /** The topic has that many partitions now; never fewer than before. */
    synchronized void learn(int partitionCount, long nowNanos) {
        PartitionPipeline[] known = partitions;
        if (partitionCount > known.length) {
            PartitionPipeline[] more = Arrays.copyOf(known, partitionCount);
            for (int i = known.length; i < partitionCount; i++) {
                more[i] = newPipeline.apply(new TopicPartition(topic, i));
                if (closed) {
                    more[i].buffer.close();
                }
            }
            partitions = more;
        }
        knownSinceNanos = nowNanos;
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
    int sticky() {
        return sticky.get() % partitions.length;
    }

    /** Moves on from that partition, unless another thread has. */
    void moveStickyFrom(int partition) {
        int now = sticky.get();
        if (now % partitions.length == partition) {
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
