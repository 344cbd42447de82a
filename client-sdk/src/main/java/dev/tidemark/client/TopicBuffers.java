package dev.tidemark.client;

import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
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
    private boolean closed;

    /** When the server was last asked. */
    private long askedNanos;

    /** When the server was asked what is known now; perhaps before {@link #askedNanos}. */
    private long knownSinceNanos;

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

    /** The topic has that many partitions, or had when the server was asked. */
    synchronized void learn(int count, long whenAskedNanos) {
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
        askedNanos = whenAskedNanos;
        knownSinceNanos = whenAskedNanos;
        notifyAll();
    }

    /** The topic, or a partition of it, is no longer what was learnt. */
    synchronized void forget() {
        partitionCount = 0;
    }

    /** Says once a refresh is due, and not again until it has been learnt or that long has passed. */
    synchronized boolean beginRefresh(long maxAgeNanos, long nowNanos) {
        if (nowNanos - askedNanos < maxAgeNanos) {
            return false;
        }
        askedNanos = nowNanos;
        return true;
    }

    /**
     * Waits until the partition is known; or the server has said, asked after this began, that there is none; or the time is over; or the server was last asked so long ago that it may be asked again.
     *
     * @return whether to ask again, which the caller then does
     */
    synchronized boolean awaitPartition(int partition, long minAgeNanos, Deadline deadline)
            throws InterruptedException {
        long beganNanos = System.nanoTime();
        while (partition >= partitionCount) {
            long nowNanos = System.nanoTime();
            if (partitionCount == 0 || nowNanos - askedNanos >= minAgeNanos) {
                askedNanos = nowNanos;
                return true;
            }
            long waitNanos = Math.min(askedNanos + minAgeNanos - nowNanos, deadline.leftNanos());
            if (waitNanos <= 0 || knownSinceNanos - beganNanos >= 0) {
                return false;
            }
            TimeUnit.NANOSECONDS.timedWait(this, waitNanos);
        }
        return false;
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
