package dev.tidemark.server.log.append;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.RecordError;
import dev.tidemark.server.log.epoch.LeaderEpochs;
import dev.tidemark.server.log.quota.Quotas;
import dev.tidemark.server.log.quota.ThrottledException;
import dev.tidemark.server.log.segment.Segments;
import dev.tidemark.server.log.tail.Tail;
import dev.tidemark.server.postgres.Database;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The door to appending: checks requests, spreads their batches over the lanes, and gathers what became of them. Thread-safe. */
public final class Appender implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Appender.class);

    /** A full queue is a matter of moments. */
    private static final Duration RETRY_WHEN_QUEUE_FULL = Duration.ofSeconds(1);
    /** What a batch that waits costs beside its bytes. */
    private static final int BATCH_OVERHEAD_BYTES = 500;

    /** Over all batches of a request; more than a caller will read. */
    private static final int MAX_RECORD_ERRORS = 1000;

    /**
     * Partitions that one database transaction appends to: each takes three entries in PostgreSQL's lock table (its own lock, its leaf's and that one's index's; two more where values are stored
     * apart), which has room for some 7,000 of everybody's. So two lanes leave room at their worst.
     */
    public static final int MAX_PARTITIONS = 500;

    /**
     * Batches that one database transaction appends, but for an atomic request of more, which goes alone: PostgreSQL looks at them one by one with their partitions'
     * locks held, some 20 µs each.
     */
    static final int MAX_BATCHES = 2_000;

    private final Database connections;
    private final QueuedBytes queuedBytes;
    private final Quotas quotas;
    private final CompanionTransaction alone;
    private final Clock clock;
    private final AppendMetrics metrics;
    private final List<LaneQueue> queues = new ArrayList<>();
    private final List<Thread> lanes = new ArrayList<>();

    /**
     * Bounds of the append path.
     *
     * @param lanes database transactions at a time
     * @param maxQueuedBytes over all lanes; past it requests are refused
     * @param maxTransactionBytes appended in one database transaction
     * @param timeoutMs how long a partition's lock is waited for, how long another server may stand still with it, and how long batches wait behind a commit
     *     whose standby is away
     */
    public record Limits(int lanes, long maxQueuedBytes, long maxTransactionBytes, long timeoutMs) {
        public Limits {
            if (lanes < 1 || maxQueuedBytes < 1 || maxTransactionBytes < 1 || timeoutMs < 1) {
                throw new IllegalArgumentException("the limits of the append path must be positive");
            }
        }
    }

    public Appender(
            Database database,
            Quotas quotas,
            Segments segments,
            Tail tail,
            LeaderEpochs epochs,
            Limits limits,
            Clock clock,
            MeterRegistry registry) {
        this.quotas = quotas;
        this.queuedBytes = new QueuedBytes(limits.maxQueuedBytes());
        this.clock = clock;
        this.metrics = new AppendMetrics(registry);
        metrics.watch(queuedBytes);
        this.alone = new CompanionTransaction(database, limits.timeoutMs());
        Reservation reservation = new Reservation(database.schemas(), limits.timeoutMs());
        // A connection a lane: PostgreSQL fills a page from the connection that began it, so records stay in order on
        // disk.
        this.connections = database.withPool("tidemark-append", limits.lanes(), registry);
        AppendTransaction transaction = new AppendTransaction(connections, epochs, reservation, metrics);
        for (int i = 0; i < limits.lanes(); i++) {
            LaneQueue queue = new LaneQueue(limits.maxTransactionBytes());
            queues.add(queue);
            AppendLane lane = new AppendLane(queue, transaction, segments, tail, metrics, limits.timeoutMs());
            lanes.add(new Thread(lane, "append-lane-" + i));
        }
        lanes.forEach(Thread::start);
    }

    /**
     * Queues a request's batches; see {@link AppendRequest} for who owns the arrays.
     *
     * @return the batches' outcomes, in the order of the entries, on a lane's thread; whoever has more to do with them should do it elsewhere
     * @throws ThrottledException when the queue or the log is full, or appends come too fast; nothing was queued
     * @throws ApiException INVALID_REQUEST for an atomic request to more than {@link #MAX_PARTITIONS} partitions
     */
    public CompletableFuture<List<BatchOutcome>> append(AppendRequest request) {
        Gathering gathering = new Gathering(request.entries().size());
        List<CheckedBatch> checked = new ArrayList<>(request.entries().size());
        List<Integer> indexes = new ArrayList<>(request.entries().size());
        for (int i = 0; i < request.entries().size(); i++) {
            CheckedBatch batch = check(request, i, gathering);
            if (batch != null) {
                checked.add(batch);
                indexes.add(i);
            }
        }
        if (request.atomic() && checked.size() < request.entries().size()) {
            indexes.forEach(i -> gathering.put(i, new BatchOutcome.Withdrawn()));
            return gathering.all;
        }
        queue(request, ownArrays(checked), indexes, gathering);
        if (request.acks() == Acks.NONE) {
            indexes.forEach(i -> gathering.put(i, new BatchOutcome.Appended(-1, -1, false)));
        }
        return gathering.all;
    }

    /**
     * Does what would take place with an append where there is nothing to append, in a database transaction of its own; blocks on it. What is safe to do
     * twice may simply be repeated after REQUEST_TIMED_OUT.
     *
     * @throws ApiException its own; BROKER_NOT_AVAILABLE when it did not take place, REQUEST_TIMED_OUT when that is not known
     */
    public void alone(Companion companion, Acks acks) {
        alone.run(companion, acks);
    }

    private @org.jspecify.annotations.Nullable CheckedBatch check(
            AppendRequest request, int index, Gathering gathering) {
        AppendRequest.Entry entry = request.entries().get(index);
        try {
            if (request.acks() == Acks.NONE && !entry.topic().config().unsafeAcks()) {
                throw new ApiException(
                        ErrorCode.INVALID_REQUEST,
                        "acks=0 may lose records silently; topic "
                                + entry.topic().name() + " does not allow it (unsafe.acks=true would)");
            }
            String principal = entry.principal() == null ? request.principal() : entry.principal();
            return BatchCheck.check(entry.topic(), entry.batch(), request.check(), principal, clock.millis());
        } catch (ApiException e) {
            metrics.refused(e.error().name());
            gathering.put(index, new BatchOutcome.Refused(e.error(), e.detail(), gathering.allowed(e.recordErrors())));
            return null;
        }
    }

    /** Batches that are the lesser part of their request's array, whose other batches were refused, are copied: else queue and tail would keep more than they count. */
    private static List<CheckedBatch> ownArrays(List<CheckedBatch> checked) {
        if (checked.isEmpty()) {
            return checked;
        }
        byte[] shared = checked.get(0).frame().bytes();
        long used = 0;
        for (CheckedBatch batch : checked) {
            used += batch.frame().bytes() == shared ? batch.frame().length() : shared.length;
        }
        return 2 * used >= shared.length
                ? checked
                : checked.stream().map(CheckedBatch::inAnArrayOfItsOwn).toList();
    }

    private void queue(AppendRequest request, List<CheckedBatch> checked, List<Integer> indexes, Gathering gathering) {
        if (checked.isEmpty()) {
            return;
        }
        List<AppendGroup> groups = new ArrayList<>();
        if (request.atomic()) {
            groups.add(new AppendGroup(checked, request.acks(), request.companion()));
        } else {
            checked.forEach(batch -> groups.add(new AppendGroup(List.of(batch), request.acks(), null)));
        }
        groups.forEach(Appender::requireFewPartitions);
        try {
            acquire(groups);
        } catch (ThrottledException e) {
            groups.forEach(group -> metrics.refused(e.error().name()));
            throw e;
        }
        int next = 0;
        for (AppendGroup group : groups) {
            List<Integer> places = indexes.subList(next, next + group.batches().size());
            next += group.batches().size();
            group.done().thenAccept(outcomes -> {
                queuedBytes.release(cost(group));
                gathering.put(places, outcomes);
            });
            LaneQueue queue = queues.get(group.lowestPartitionId() % queues.size());
            if (!queue.add(group)) {
                AppendLane.refuseStopping(group);
            }
        }
    }

    private static void requireFewPartitions(AppendGroup group) {
        int partitions = group.partitionIds().size();
        if (partitions > MAX_PARTITIONS) {
            throw new ApiException(
                    ErrorCode.INVALID_REQUEST,
                    "records that are appended all or nothing go to " + MAX_PARTITIONS + " partitions at most, not "
                            + partitions + ": each takes locks in PostgreSQL");
        }
    }

    private void acquire(List<AppendGroup> groups) {
        long bytes = groups.stream().mapToLong(Appender::cost).sum();
        if (!queuedBytes.tryAcquire(bytes)) {
            metrics.queueFull();
            throw new ThrottledException(
                    "the server holds " + queuedBytes.used() + " bytes of unfinished appends, of " + queuedBytes.max()
                            + "; try again later",
                    RETRY_WHEN_QUEUE_FULL);
        }
        try {
            quotas.admit(
                    groups.stream().mapToLong(AppendGroup::bytes).sum(),
                    groups.stream().mapToLong(AppendGroup::rowBytes).sum());
        } catch (ThrottledException e) {
            queuedBytes.release(bytes);
            throw e;
        }
    }

    private static long cost(AppendGroup group) {
        return group.bytes() + (long) BATCH_OVERHEAD_BYTES * group.batches().size();
    }

    /** Takes nothing more, appends what is queued, and ends. */
    @Override
    public void close() {
        queues.forEach(LaneQueue::close);
        long deadline = System.nanoTime() + STOP_WITHIN.toNanos();
        for (Thread lane : lanes) {
            try {
                lane.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime())));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            if (lane.isAlive()) {
                LOG.warn("{} did not finish within {}", lane.getName(), STOP_WITHIN);
            }
        }
        connections.close();
    }

    private static final Duration STOP_WITHIN = Duration.ofSeconds(10);

    /** Outcomes of one request, from the checks and from several lanes. */
    private static final class Gathering {
        private final AtomicReferenceArray<BatchOutcome> outcomes;
        private final AtomicInteger missing;
        private final CompletableFuture<List<BatchOutcome>> all = new CompletableFuture<>();
        /** Only the thread that checks the request looks at it. */
        private int recordErrors;

        Gathering(int size) {
            this.outcomes = new AtomicReferenceArray<>(size);
            this.missing = new AtomicInteger(size);
        }

        /** As many of them as may still be told. */
        List<RecordError> allowed(List<RecordError> errors) {
            List<RecordError> told = errors.subList(0, Math.min(errors.size(), MAX_RECORD_ERRORS - recordErrors));
            recordErrors += told.size();
            return List.copyOf(told);
        }

        void put(List<Integer> indexes, List<BatchOutcome> given) {
            for (int i = 0; i < given.size(); i++) {
                put(indexes.get(i), given.get(i));
            }
        }

        /** The first outcome of a batch counts. */
        void put(int index, BatchOutcome outcome) {
            if (outcomes.compareAndSet(index, null, outcome) && missing.decrementAndGet() == 0) {
                List<BatchOutcome> list = new ArrayList<>(outcomes.length());
                for (int i = 0; i < outcomes.length(); i++) {
                    list.add(outcomes.get(i));
                }
                all.complete(list);
            }
        }
    }
}
