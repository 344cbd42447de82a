package dev.tidemark.server.log.fetch;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.log.epoch.LeaderEpochs;
import dev.tidemark.server.log.tail.Tail;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.postgres.SqlStates;
import dev.tidemark.server.topic.Topic;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
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

    /** What the thread that brings news answers itself, which may be a lane with an append behind it: larger fetches are answered by a thread for reading. */
    private static final int MAX_POSITIONS_ON_THE_SPOT = 100;

    private static final Duration TIDYING_EVERY = Duration.ofMinutes(1);
    private static final Duration STOP_WITHIN = Duration.ofSeconds(5);

    private final Tail tail;
    private final PartitionReader reader;
    private final OffsetFinder offsets;
    private final Follower follower;
    private final LogEndPoller poller;
    private final ThreadPoolExecutor readers;
    private final ScheduledThreadPoolExecutor timer;
    private final Set<PendingFetch> waiting = ConcurrentHashMap.newKeySet();
    private volatile boolean stopping;

    /**
     * @param threads reads from the database at a time
     * @param readAheadBytes records in memory that were read before they were asked for; 0 for none
     */
    public Fetcher(
            Database database,
            Tail tail,
            LeaderEpochs epochs,
            int threads,
            long readAheadBytes,
            MeterRegistry registry) {
        this.tail = tail;
        FetchMetrics metrics = new FetchMetrics(registry, waiting);
        LogReader logReader = new LogReader(database, epochs, metrics);
        this.offsets = new OffsetFinder(database, logReader);
        AtomicInteger number = new AtomicInteger();
        this.readers = new ThreadPoolExecutor(
                threads,
                threads,
                0,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(MAX_QUEUED),
                task -> new Thread(task, "fetch-" + number.getAndIncrement()));
        ReadAhead ahead = new ReadAhead(logReader::read, readers, readAheadBytes, System::nanoTime);
        metrics.watch(ahead);
        this.reader = new PartitionReader(tail, logReader, ahead, metrics);
        this.timer = new ScheduledThreadPoolExecutor(1, task -> new Thread(task, "fetch-timer"));
        timer.setRemoveOnCancelPolicy(true);
        timer.scheduleWithFixedDelay(ahead::dropOld, 1, 1, TimeUnit.SECONDS);
        this.follower = new Follower(tail, logReader, metrics, System::nanoTime);
        timer.scheduleWithFixedDelay(follower::forgetLeft, 1, 1, TimeUnit.SECONDS);
        this.poller = new LogEndPoller(reader, follower::awaited, timer, readers);
        poller.start();
        OneAtATime tidying = new OneAtATime(readers, new TailTidying(tail, reader));
        timer.scheduleWithFixedDelay(
                tidying::ask, TIDYING_EVERY.toSeconds(), TIDYING_EVERY.toSeconds(), TimeUnit.SECONDS);
    }

    /**
     * Reads records.
     *
     * @return one answer a position, in their order: when there are records, when a partition has an error, or when the wait is over. It fails with
     *     {@link ApiException} THROTTLING_QUOTA_EXCEEDED or BROKER_NOT_AVAILABLE
     */
    public CompletableFuture<List<PartitionRecords>> fetch(FetchRequest request) {
        List<PartitionRecords> cached = reader.fromTail(request);
        if (cached != null) {
            follower.visit(request.positions());
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

    /** Another server tells of its log ends, by partition id; quick, does not block. */
    public void hint(Map<Integer, Long> logEndOffsets) {
        follower.hint(logEndOffsets);
    }

    /** Asks the database for the log ends somebody waits at, soon; does not block. */
    public void poll() {
        poller.poll();
    }

    /** How often to ask for them unasked, from the next time on; see {@link LogEndPoller}. */
    public void pollEvery(Duration period) {
        poller.every(period);
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
        follower.close();
        readers.shutdown();
        try {
            if (!readers.awaitTermination(STOP_WITHIN.toSeconds(), TimeUnit.SECONDS)) {
                LOG.warn("reads did not finish within {}", STOP_WITHIN);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A fetch that reads from the database, or waits. Attempts never overlap: news during one makes another follow it. */
    private final class PendingFetch {
        private final FetchRequest request;
        private final long deadlineNanos;
        private final CompletableFuture<List<PartitionRecords>> answer = new CompletableFuture<>();
        private final Runnable wake = this::wake;
        /** Attempts asked for and not yet finished. */
        private final AtomicInteger asked = new AtomicInteger();

        private boolean listening;

        PendingFetch(FetchRequest request) {
            this.request = request;
            this.deadlineNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(request.maxWaitMs());
        }

        void attempt() {
            if (begins()) {
                submit();
            }
        }

        /** There is news. What is in memory is answered on the spot, unless there is much to look through: another thread would have to be woken for it. */
        private void wake() {
            if (!begins()) {
                return;
            }
            if (request.positions().size() > MAX_POSITIONS_ON_THE_SPOT) {
                submit();
                return;
            }
            try {
                List<PartitionRecords> cached = reader.fromTail(request);
                if (cached == null) {
                    submit();
                } else {
                    finish(() -> answer.complete(cached));
                }
            } catch (RuntimeException e) {
                finish(() -> answer.completeExceptionally(e));
            }
        }

        /** Asks for an attempt; false when one is under way, and will be followed by another. */
        private boolean begins() {
            return !answer.isDone() && asked.getAndIncrement() == 0;
        }

        private void submit() {
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
                reader.observe(request.partitionIds());
            }
            List<PartitionRecords> answers = reader.read(request);
            boolean something = answers.stream().anyMatch(a -> a.recordCount() > 0 || a.error() != null);
            if (something || last) {
                finish(() -> answer.complete(answers));
            } else {
                await();
            }
        }

        /** Listens first and looks again after, so that no append between is missed. */
        private void await() {
            if (!listening) {
                listening = true;
                waiting.add(this);
                request.partitionIds().forEach(id -> tail.listen(id, wake));
                follower.follow(request.positions());
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
            } else {
                follower.read(request.partitionIds().stream()
                        .filter(tail::isBehindHint)
                        .toList());
            }
        }

        private void finish(Runnable completion) {
            if (listening) {
                listening = false;
                waiting.remove(this);
                request.partitionIds().forEach(id -> tail.unlisten(id, wake));
                follower.leave(request.positions());
            } else {
                follower.visit(request.positions());
            }
            completion.run();
        }
    }
}
