package dev.tidemark.client;

import dev.tidemark.protocol.ProduceFrame;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** The partitions that have something to send, in the order of their turns, and the requests made of it. Not thread-safe; the {@link Sender}'s lock guards it. */
final class SendQueue {
    private static final long EXPIRY_TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final long deliveryTimeoutNanos;
    private final Deque<PartitionPipeline> listed = new ArrayDeque<>();
    private int maxRequestBytes;
    private boolean leftSome;
    private long nextExpiryNanos = System.nanoTime();

    SendQueue(ProducerConfig config) {
        this.deliveryTimeoutNanos = config.deliveryTimeout().toNanos();
        this.maxRequestBytes = config.maxRequestBytes();
    }

    void add(PartitionPipeline pipeline) {
        if (!pipeline.listed) {
            pipeline.listed = true;
            listed.addLast(pipeline);
        }
    }

    /**
     * The next request's batches; none when nothing may be sent now, and the chance says what that waits for. Looks at every partition at most once, beginning where the last request left off; a request is
     * for one topic.
     *
     * @param flushing whether batches that are not full are in a hurry too
     */
    List<Sent> takeRequest(SendChance chance, ProducerIds ids, boolean flushing) {
        List<Sent> request = new ArrayList<>();
        leftSome = false;
        int left = maxRequestBytes - ProduceFrame.HEADER_BYTES;
        for (int i = listed.size(); i > 0; i--) {
            PartitionPipeline pipeline = listed.removeFirst();
            boolean otherTopic =
                    !request.isEmpty() && !request.get(0).pipeline().isOfSameTopic(pipeline);
            if (!otherTopic) {
                // A batch alone always fits: it is no larger than the setting allows.
                Batch batch = pipeline.next(chance, request.isEmpty() ? Integer.MAX_VALUE : left, ids);
                if (batch != null) {
                    request.add(new Sent(pipeline, batch));
                    left -= batch.requestBytes();
                }
            }
            if (pipeline.hasWork()) {
                listed.addLast(pipeline);
                // What is full here already, or of another topic.
                leftSome |= !request.isEmpty() && (pipeline.buffer.hasFull() || otherTopic && flushing);
            } else {
                pipeline.listed = false;
            }
        }
        return request;
    }

    /** Whether the last request left something over that another thread may send at once. */
    boolean leftSome() {
        return leftSome;
    }

    /** A request of so many bytes was too large: those to come have at most half of them. */
    void shrinkFrom(int bytes) {
        maxRequestBytes = bytes / 2;
    }

    /** Fails batches that have had their time; looks for them every 100 ms. */
    void expire(SendChance chance, Consumer<Batch> into) {
        if (chance.nowNanos - nextExpiryNanos >= 0) {
            nextExpiryNanos = chance.nowNanos + EXPIRY_TICK_NANOS;
            for (PartitionPipeline pipeline : listed) {
                pipeline.expire(chance, deliveryTimeoutNanos, into);
            }
        }
        if (!listed.isEmpty()) {
            chance.lookAgainAt(nextExpiryNanos);
        }
    }

    /** Fails everything that is not in flight. */
    void giveUp(TidemarkException failure, Consumer<Batch> into) {
        listed.forEach(pipeline -> pipeline.giveUp(failure, into));
    }
}
