package dev.tidemark.client;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A partition's records that have not been sent yet: full batches and the one being filled. Thread-safe: the threads that send records meet the sender here, and only here. */
final class PartitionBuffer {
    final TopicPartition partition;
    private final int batchBytes;
    private final Deque<Batch> full = new ArrayDeque<>();
    private @Nullable Batch open;
    private boolean closed;

    PartitionBuffer(TopicPartition partition, int batchBytes) {
        this.partition = partition;
        this.batchBytes = batchBytes;
    }

    /** Null when it needs another chunk: {@link #append} with one. */
    synchronized @Nullable PendingRecord tryAppend(
            long timestampMs,
            byte @Nullable [] key,
            byte @Nullable [] value,
            byte @Nullable [] headers,
            int size,
            @Nullable SendCallback callback) {
        Batch batch = open;
        if (batch == null || !fits(batch, size) || !batch.hasRoom(size)) {
            return null;
        }
        return batch.append(timestampMs, key, value, headers, size, callback);
    }

    /** Whether a record of that size begins a batch. */
    synchronized boolean wantsNewBatch(int size) {
        return open == null || !fits(open, size);
    }

    private boolean fits(Batch batch, int size) {
        return batch.bytes() + size <= batchBytes || batch.count() == 0;
    }

    /**
     * Appends a record with a spare chunk at hand.
     *
     * @param spare not used when another thread made room meanwhile
     * @param begun told of the batch the record begins, if it does, before anybody else sees it
     */
    synchronized Appended append(
            Chunk spare,
            long timestampMs,
            byte @Nullable [] key,
            byte @Nullable [] value,
            byte @Nullable [] headers,
            int size,
            @Nullable SendCallback callback,
            Consumer<Batch> begun) {
        if (closed) {
            return Appended.REFUSED;
        }
        Batch batch = open;
        boolean spareUsed = false;
        if (batch == null || !fits(batch, size)) {
            if (batch != null) {
                full.addLast(batch);
            }
            batch = new Batch(partition, spare, System.nanoTime());
            begun.accept(batch);
            open = batch;
            spareUsed = true;
        } else if (!batch.hasRoom(size)) {
            batch.add(spare);
            spareUsed = true;
        }
        PendingRecord record = batch.append(timestampMs, key, value, headers, size, callback);
        return new Appended(record, spareUsed);
    }

    /** @param record null when the producer is closed */
    record Appended(@Nullable PendingRecord record, boolean spareUsed) {
        static final Appended REFUSED = new Appended(null, false);
    }

    synchronized boolean isEmpty() {
        return open == null && full.isEmpty();
    }

    synchronized boolean hasFull() {
        return !full.isEmpty() || open != null && open.bytes() >= batchBytes;
    }

    /** Takes the oldest batch if it is no larger than that in a request and full, or has waited long enough; else says when it will have. */
    synchronized @Nullable Batch take(int maxRequestBytes, SendChance chance) {
        Batch oldest = oldest();
        if (oldest == null || oldest.requestBytes() > maxRequestBytes) {
            return null;
        }
        boolean isFull = oldest != open || oldest.bytes() >= batchBytes;
        long leftNanos = oldest.createdNanos - chance.partialBegunBefore;
        if (isFull || leftNanos <= 0) {
            return remove();
        }
        chance.lookAgainAt(chance.nowNanos + leftNanos);
        return null;
    }

    synchronized @Nullable Batch takeAny() {
        return remove();
    }

    /** Takes the oldest batch if it was begun at or before that time. */
    synchronized @Nullable Batch takeBegunBefore(long nanos) {
        Batch oldest = oldest();
        return oldest != null && oldest.createdNanos - nanos <= 0 ? remove() : null;
    }

    /** Takes no more records from now on. */
    synchronized void close() {
        closed = true;
    }

    private @Nullable Batch oldest() {
        return full.isEmpty() ? open : full.peekFirst();
    }

    private @Nullable Batch remove() {
        Batch first = full.pollFirst();
        if (first == null) {
            first = open;
            open = null;
        }
        return first;
    }
}
