package dev.tidemark.server.log.fetch;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.log.tail.Slice;
import dev.tidemark.server.log.tail.Tail;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.postgres.SqlStates;
import dev.tidemark.server.topic.Topic;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The door to reading. Thread-safe.
 *
 * <p>A fetch is answered from the tail when its records are there, else from the database. At the log end it waits without a thread or a connection,
 * and is woken by the append that brings records.
 */
public final class Fetcher implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Fetcher.class);

    private static final int MAX_QUEUED = 20_000;

    private final Tail tail;
    private final LogReader reader;
    private final OffsetFinder offsets;
    private final FetchMetrics metrics;
    private final int leaderEpoch;
    private final ThreadPoolExecutor readers;
    private final ScheduledThreadPoolExecutor timer;
    private final Set<PendingFetch> waiting = ConcurrentHashMap.newKeySet();
    private volatile boolean stopping;

    /** @param threads reads from the database at a time */
    public Fetcher(Database database, Tail tail, int leaderEpoch, int threads, MeterRegistry registry) {
        this.tail = tail;
        this.leaderEpoch = leaderEpoch;
        this.metrics = new FetchMetrics(registry, waiting);
        this.reader = new LogReader(database, metrics);
        this.offsets = new OffsetFinder(database, reader, leaderEpoch);
        AtomicInteger number = new AtomicInteger();
        this.readers = new ThreadPoolExecutor(
                threads,
                threads,
                0,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(MAX_QUEUED),
                task -> new Thread(task, "fetch-" + number.getAndIncrement()));
        this.timer = new ScheduledThreadPoolExecutor(1, task -> new Thread(task, "fetch-timer"));
        timer.setRemoveOnCancelPolicy(true);
        new LogEndPoller(reader, tail).start(timer, readers);
    }

    /**
     * Reads records.
     *
     * @return one answer a position, in their order: when there are records, when a partition has an error, or when the wait is over. It fails with
     *     {@link ApiException} THROTTLING_QUOTA_EXCEEDED or BROKER_NOT_AVAILABLE
     */
    public CompletableFuture<List<PartitionRecords>> fetch(FetchRequest request) {
        List<PartitionRecords> cached = fromTail(request);
        if (cached != null) {
            return CompletableFuture.completedFuture(cached);
        }
        PendingFetch pending = new PendingFetch(request);
        pending.attempt();
        return pending.answer;
    }

    /** Blocks on the database. */
    public OffsetFound offset(Topic topic, int partition, OffsetQuery query) {
        return offsets.find(topic, partition, query);
    }

    /** Answers from the tail alone, when every position is there or at the known end, and one has records. */
    private @Nullable List<PartitionRecords> fromTail(FetchRequest request) {
        Budget budget = new Budget(request);
        List<PartitionRecords> answers = new ArrayList<>(request.positions().size());
        for (FetchRequest.Position position : request.positions()) {
            PartitionRecords answer = fromTail(position, budget);
            if (answer == null) {
                return null;
            }
            answers.add(answer);
        }
        return budget.records > 0 ? answers : null;
    }

    private @Nullable PartitionRecords fromTail(FetchRequest.Position position, Budget budget) {
        int partitionId = position.topic().partitionId(position.partition());
        Tail.Range range = tail.range(partitionId);
        if (range == null || position.offset() > range.logEndOffset()) {
            return null;
        }
        if (position.offset() == range.logEndOffset() || budget.isSpent()) {
            return empty(position, range.logStartOffset(), range.logEndOffset());
        }
        Tail.Found found = tail.read(partitionId, position.offset(), budget.recordsLeft(), budget.bytesLeft());
        if (found == null || budget.records > 0 && found.byteCount() > budget.bytesLeft()) {
            return found == null ? null : empty(position, range.logStartOffset(), range.logEndOffset());
        }
        budget.spend(found.recordCount(), found.byteCount());
        metrics.tailHit(found.recordCount(), found.byteCount());
        return answer(
                position,
                range.logStartOffset(),
                Math.max(range.logEndOffset(), found.nextOffset()),
                found.nextOffset(),
                found.recordCount(),
                found.slices());
    }

    private PartitionRecords empty(FetchRequest.Position position, long logStart, long logEnd) {
        return answer(position, logStart, logEnd, position.offset(), 0, List.of());
    }

    private PartitionRecords answer(
            FetchRequest.Position position, long logStart, long logEnd, long next, int count, List<Slice> slices) {
        return new PartitionRecords(
                position.topic().name(),
                position.partition(),
                null,
                "",
                logStart,
                logEnd,
                logEnd,
                leaderEpoch,
                next,
                count,
                slices);
    }

    private PartitionRecords error(
            FetchRequest.Position position, ErrorCode error, String detail, long logStart, long logEnd) {
        return new PartitionRecords(
                position.topic().name(),
                position.partition(),
                error,
                detail,
                logStart,
                logEnd,
                logEnd,
                leaderEpoch,
                position.offset(),
                0,
                List.of());
    }

    /** From now on nothing waits at the log end: waiting fetches are answered with what there is. */
    public void stopWaiting() {
        stopping = true;
        waiting.forEach(PendingFetch::attempt);
    }

    @Override
    public void close() {
        stopWaiting();
        timer.shutdownNow();
        readers.shutdown();
        try {
            if (!readers.awaitTermination(STOP_WITHIN.toSeconds(), TimeUnit.SECONDS)) {
                LOG.warn("reads did not finish within {}", STOP_WITHIN);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static final Duration STOP_WITHIN = Duration.ofSeconds(5);

    /** What one fetch may still take. The first record always fits. */
    private static final class Budget {
        private final FetchRequest request;
        private int records;
        private int bytes;

        Budget(FetchRequest request) {
            this.request = request;
        }

        boolean isSpent() {
            return records >= request.maxRecords() || records > 0 && bytes >= request.maxBytes();
        }

        int recordsLeft() {
            return request.maxRecords() - records;
        }

        int bytesLeft() {
            return Math.max(0, request.maxBytes() - bytes);
        }

        void spend(int recordCount, int byteCount) {
            records += recordCount;
            bytes += byteCount;
        }
    }

    /** A fetch that reads from the database, or waits. Attempts never overlap: news during one makes another follow it. */
    private final class PendingFetch {
        private final FetchRequest request;
        private final long deadlineNanos;
        private final CompletableFuture<List<PartitionRecords>> answer = new CompletableFuture<>();
        private final Runnable wake = this::attempt;
        /** Attempts asked for and not yet finished. */
        private final AtomicInteger asked = new AtomicInteger();

        private boolean listening;

        PendingFetch(FetchRequest request) {
            this.request = request;
            this.deadlineNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(request.maxWaitMs());
        }

        void attempt() {
            if (answer.isDone() || asked.getAndIncrement() > 0) {
                return;
            }
            try {
                readers.execute(this::run);
            } catch (RejectedExecutionException e) {
                finish(() -> answer.completeExceptionally(
                        readers.isShutdown()
                                ? new ApiException(ErrorCode.BROKER_NOT_AVAILABLE, "the server is stopping")
                                : new ApiException(
                                        ErrorCode.THROTTLING_QUOTA_EXCEEDED,
                                        "the server has " + MAX_QUEUED + " unfinished fetches; try again later")));
            }
        }

        private void run() {
            int seen;
            do {
                seen = asked.get();
                try {
                    step();
                } catch (SQLException e) {
                    finish(() -> answer.completeExceptionally(
                            SqlStates.isUnavailable(e)
                                    ? SqlStates.unavailable(e)
                                    : new IllegalStateException("a fetch failed", e)));
                } catch (RuntimeException e) {
                    finish(() -> answer.completeExceptionally(e));
                }
            } while (!answer.isDone() && !asked.compareAndSet(seen, 0));
        }

        private void step() throws SQLException {
            boolean last = stopping || System.nanoTime() >= deadlineNanos;
            if (last) {
                // "Nothing there" is for the database to say: another server may have appended.
                observeEnds();
            }
            List<PartitionRecords> answers = read();
            boolean something = answers.stream().anyMatch(a -> a.recordCount() > 0 || a.error() != null);
            if (something || last) {
                finish(() -> answer.complete(answers));
            } else {
                await();
            }
        }

        private void observeEnds() throws SQLException {
            List<Integer> partitionIds = request.positions().stream()
                    .map(p -> p.topic().partitionId(p.partition()))
                    .toList();
            observe(partitionIds);
        }

        private void observe(List<Integer> partitionIds) throws SQLException {
            reader.ranges(partitionIds)
                    .forEach(r -> tail.observed(r.partitionId(), r.logStartOffset(), r.logEndOffset()));
        }

        private List<PartitionRecords> read() throws SQLException {
            Budget budget = new Budget(request);
            List<PartitionRecords> answers = new ArrayList<>(request.positions().size());
            for (FetchRequest.Position position : request.positions()) {
                PartitionRecords cached = fromTail(position, budget);
                answers.add(cached != null ? cached : fromDatabase(position, budget));
            }
            return answers;
        }

        private PartitionRecords fromDatabase(FetchRequest.Position position, Budget budget) throws SQLException {
            if (budget.isSpent()) {
                return unread(position);
            }
            long startNanos = System.nanoTime();
            int partitionId = position.topic().partitionId(position.partition());
            int recordsLeft = Math.max(1, budget.recordsLeft());
            int bytesLeft = Math.max(1, budget.bytesLeft());
            LogReader.Read read = reader.read(partitionId, position.offset(), recordsLeft, bytesLeft);
            if (read == null) {
                return error(position, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "the topic has been deleted", -1, -1);
            }
            LogReader.Range range = read.range();
            tail.observed(partitionId, range.logStartOffset(), range.logEndOffset());
            Slice records = read.records();
            if (records == null) {
                return outOfRange(position, range)
                        ? error(
                                position,
                                ErrorCode.OFFSET_OUT_OF_RANGE,
                                "offset " + position.offset() + " of partition " + position.partition() + " of topic "
                                        + position.topic().name() + " is outside its log, " + range.logStartOffset()
                                        + " to "
                                        + range.logEndOffset(),
                                range.logStartOffset(),
                                range.logEndOffset())
                        : empty(position, range.logStartOffset(), range.logEndOffset());
            }
            if (budget.records > 0 && records.length() > budget.bytesLeft()) {
                return empty(position, range.logStartOffset(), range.logEndOffset());
            }
            budget.spend(read.recordCount(), records.length());
            metrics.databaseRead(read.recordCount(), records.length(), System.nanoTime() - startNanos);
            return answer(
                    position,
                    range.logStartOffset(),
                    range.logEndOffset(),
                    read.nextOffset(),
                    read.recordCount(),
                    List.of(records));
        }

        /** A partition there was no room for: only its range is told. */
        private PartitionRecords unread(FetchRequest.Position position) throws SQLException {
            int partitionId = position.topic().partitionId(position.partition());
            if (tail.range(partitionId) == null) {
                observe(List.of(partitionId));
            }
            Tail.Range range = tail.range(partitionId);
            return range == null
                    ? error(position, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "the topic has been deleted", -1, -1)
                    : empty(position, range.logStartOffset(), range.logEndOffset());
        }

        private boolean outOfRange(FetchRequest.Position position, LogReader.Range range) {
            return position.offset() < range.logStartOffset() || position.offset() > range.logEndOffset();
        }

        /** Listens first and looks again after, so that no append between is missed. */
        private void await() {
            if (!listening) {
                listening = true;
                waiting.add(this);
                request.positions().forEach(p -> tail.listen(p.topic().partitionId(p.partition()), wake));
                long delay = Math.max(0, deadlineNanos - System.nanoTime());
                var timeout = timer.schedule(wake, delay, TimeUnit.NANOSECONDS);
                answer.whenComplete((a, e) -> timeout.cancel(false));
            }
            boolean news = request.positions().stream().anyMatch(p -> {
                Tail.Range range = tail.range(p.topic().partitionId(p.partition()));
                return range == null || range.logEndOffset() > p.offset();
            });
            if (news || stopping) {
                asked.incrementAndGet();
            }
        }

        private void finish(Runnable completion) {
            if (listening) {
                listening = false;
                waiting.remove(this);
                request.positions().forEach(p -> tail.unlisten(p.topic().partitionId(p.partition()), wake));
            }
            completion.run();
        }
    }
}
