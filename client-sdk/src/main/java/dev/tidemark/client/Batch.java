package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.protocol.RecordLayout;
import dev.tidemark.protocol.api.RecordProblem;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * Records for one partition that are sent, and succeed or fail, together.
 *
 * <p>Filled under its {@link PartitionBuffer}'s lock until it is taken from there; from then on its {@link PartitionPipeline} owns it. Its bytes are the request's bytes: nothing is copied, and the first chunk
 * has room in front for the heads of {@link ProduceFrame}.
 */
final class Batch {
    /** Room in front of a batch's first record. */
    static final int HEADROOM = ProduceFrame.HEADER_BYTES + ProduceFrame.BATCH_HEADER_BYTES;

    private static final int FIRST_PENDING = 64;

    enum State {
        /** Being filled, or full and never sent. */
        BUFFERED,
        IN_FLIGHT,
        /** To be sent again. */
        WAITING,
        /** Its outcome is known; kept until all before it in the partition have theirs. */
        ANSWERED
    }

    final TopicPartition partition;
    final long createdNanos;
    private final CountDownLatch completed = new CountDownLatch(1);

    private List<Chunk> chunks = new ArrayList<>(4);
    private Chunk last;
    private PendingRecord[] pending = new PendingRecord[FIRST_PENDING];
    private int count;
    private int bytes;
    private boolean reusable = true;

    // Owned by the pipeline.
    State state = State.BUFFERED;
    int attempts;
    long retryAtNanos;

    /** Under which identity it has its sequence; null: none yet, or one that can no longer succeed. */
    @Nullable
    ProducerIdentity identity;

    int baseSequence;

    /** The sequence before this batch was broken while it was in flight: it cannot be in the log. */
    boolean afterBreak;

    /** Whether batches before it had no outcome yet when it was last sent. */
    boolean sentBehindOthers;

    @Nullable
    TidemarkException lastFailure;

    private @Nullable TidemarkException failure;
    /** By the record's place, where it failed for a reason of its own. */
    private Map<Integer, TidemarkException> ownFailures = Map.of();

    private long baseOffset;
    private long appendTimeMs;

    Batch(TopicPartition partition, Chunk first, long nowNanos) {
        this.partition = partition;
        this.createdNanos = nowNanos;
        first.end = HEADROOM;
        last = first;
        chunks.add(first);
    }

    int count() {
        return count;
    }

    /** Bytes of the encoded records. */
    int bytes() {
        return bytes;
    }

    /** Bytes in a request, with its head. */
    int requestBytes() {
        return ProduceFrame.BATCH_HEADER_BYTES + bytes;
    }

    boolean hasRoom(int size) {
        return last.hasRoom(size);
    }

    void add(Chunk chunk) {
        last = chunk;
        chunks.add(chunk);
    }

    /** There must be room. */
    PendingRecord append(
            long timestampMs,
            byte @Nullable [] key,
            byte @Nullable [] value,
            byte @Nullable [] headers,
            int size,
            @Nullable SendCallback callback) {
        PendingRecord record = new PendingRecord(timestampMs, callback);
        last.append(count, timestampMs, partition.partition(), key, value, headers);
        if (count == pending.length) {
            pending = Arrays.copyOf(pending, 2 * count);
        }
        pending[count++] = record;
        bytes += size;
        return record;
    }

    /**
     * Adds the buffers that send this batch.
     *
     * @param batchesInRequest for the head of the request, when this is its first batch; else 0
     */
    void collect(List<ByteBuffer> into, int batchesInRequest) {
        Chunk first = chunks.get(0);
        boolean firstTry = attempts == 1;
        // A request that was broken off may still read the chunk, so only the first try may write into it.
        byte[] head = firstTry ? first.bytes : new byte[HEADROOM];
        int headAt = batchesInRequest > 0 ? 0 : ProduceFrame.HEADER_BYTES;
        if (batchesInRequest > 0) {
            ProduceFrame.writeHeader(head, 0, batchesInRequest);
        }
        ProducerIdentity sender = identity == null ? ProducerIdentity.NONE : identity;
        ProduceFrame.writeBatchHeader(
                head,
                ProduceFrame.HEADER_BYTES,
                partition.partition(),
                sender.id(),
                sender.epoch(),
                baseSequence,
                count,
                bytes);
        if (firstTry) {
            into.add(ByteBuffer.wrap(head, headAt, first.end - headAt));
        } else {
            into.add(ByteBuffer.wrap(head, headAt, HEADROOM - headAt));
            into.add(ByteBuffer.wrap(first.bytes, HEADROOM, first.end - HEADROOM));
        }
        for (int i = 1; i < chunks.size(); i++) {
            into.add(ByteBuffer.wrap(chunks.get(i).bytes, 0, chunks.get(i).end));
        }
    }

    /** A request with this batch ended without an answer, or with one that may have come before the body was read: its arrays may still be read. */
    void requestBrokeOff() {
        reusable = false;
    }

    void succeeded(long newBaseOffset, long newAppendTimeMs) {
        baseOffset = newBaseOffset;
        appendTimeMs = newAppendTimeMs;
        state = State.ANSWERED;
    }

    void failed(TidemarkException exception) {
        failure = exception;
        state = State.ANSWERED;
    }

    /** Every record fails for its own reason, where the server named one. */
    void failed(TidemarkException exception, List<RecordProblem> problems) {
        failed(exception);
        Map<Integer, TidemarkException> byRecord = new HashMap<>();
        for (RecordProblem problem : problems) {
            byRecord.put(problem.index(), failureOf(problem, exception.errorCode()));
        }
        ownFailures = byRecord;
    }

    private static TidemarkException failureOf(RecordProblem problem, ErrorCode ofBatch) {
        return Failures.of(ErrorCode.byName(problem.error()).orElse(ofBatch), problem.detail());
    }

    boolean isFailed() {
        return failure != null;
    }

    /** Whether some of the records but not all are named. */
    boolean canGoOnWithout(List<RecordProblem> problems) {
        BitSet bad = indexes(problems);
        return !bad.isEmpty() && bad.cardinality() < count;
    }

    /**
     * Takes out the records that were refused by name; the others are laid out anew, in their order. One bad record thus fails alone.
     *
     * @return what to fail outside of all locks, by the record
     */
    List<Runnable> removeRefused(List<RecordProblem> problems, ErrorCode error) {
        BitSet bad = indexes(problems);
        List<Runnable> failures = new ArrayList<>();
        for (RecordProblem problem : problems) {
            if (problem.index() >= 0 && problem.index() < count && bad.get(problem.index())) {
                bad.clear(problem.index());
                PendingRecord record = pending[problem.index()];
                TidemarkException exception = failureOf(problem, error);
                failures.add(() -> record.fail(exception));
            }
        }
        layOutWithout(indexes(problems));
        return failures;
    }

    private void layOutWithout(BitSet bad) {
        int reserved = chunks.stream().mapToInt(chunk -> chunk.reserved).sum();
        Chunk whole = new Chunk(new byte[HEADROOM + bytes], reserved);
        whole.end = HEADROOM;
        List<PendingRecord> kept = new ArrayList<>(count);
        int index = 0;
        for (int c = 0; c < chunks.size(); c++) {
            Chunk chunk = chunks.get(c);
            int at = c == 0 ? HEADROOM : 0;
            while (at < chunk.end) {
                int end = RecordLayout.end(chunk.bytes, at);
                if (!bad.get(index)) {
                    System.arraycopy(chunk.bytes, at, whole.bytes, whole.end, end - at);
                    RecordLayout.setOffset(whole.bytes, whole.end, kept.size());
                    whole.end += end - at;
                    kept.add(pending[index]);
                }
                index++;
                at = end;
            }
        }
        chunks = List.of(whole);
        pending = kept.toArray(PendingRecord[]::new);
        count = kept.size();
        bytes = whole.end - HEADROOM;
        reusable = false;
        attempts = 0;
    }

    private BitSet indexes(List<RecordProblem> problems) {
        BitSet indexes = new BitSet(count);
        for (RecordProblem problem : problems) {
            if (problem.index() >= 0 && problem.index() < count) {
                indexes.set(problem.index());
            }
        }
        return indexes;
    }

    /** Gives the memory back and completes every record's future; the outcome must be known. Not under a lock: callers' code runs. */
    void complete(BufferPool pool) {
        for (Chunk chunk : chunks) {
            pool.release(chunk, reusable);
        }
        chunks = List.of();
        TidemarkException exception = failure;
        for (int i = 0; i < count; i++) {
            PendingRecord record = pending[i];
            if (exception != null) {
                record.fail(ownFailures.getOrDefault(i, exception));
            } else {
                record.succeed(metadata(i, record.timestamp));
            }
        }
        completed.countDown();
    }

    private RecordMetadata metadata(int index, long timestamp) {
        return new RecordMetadata(
                partition.topic(),
                partition.partition(),
                baseOffset < 0 ? -1 : baseOffset + index,
                appendTimeMs < 0 ? timestamp : appendTimeMs);
    }

    /** Waits until {@link #complete} is through. */
    void awaitCompleted() throws InterruptedException {
        completed.await();
    }

    /** @return whether {@link #complete} was through in time */
    boolean awaitCompleted(long nanos) throws InterruptedException {
        return completed.await(nanos, java.util.concurrent.TimeUnit.NANOSECONDS);
    }
}
