package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Sends batches and deals with what becomes of them: decides when a request of the {@link SendQueue} goes out, and hands each batch's outcome to its {@link PartitionPipeline}.
 *
 * <p>A batch that is not full goes out when no request is in flight, as Nagle's algorithm does for TCP: while one is on its way the next records gather. So a quiet producer
 * sends each record at once, a busy one sends full batches, and no timer is needed. Should the requests in flight take long, partial batches go out all the same after {@link #BUSY_WAIT}.
 */
final class Sender implements SenderCrew.Tasks {
    private static final Duration BUSY_WAIT = Duration.ofMillis(10);

    private final ProducerConfig config;
    private final BufferPool pool;
    private final ProducerCounters counters;
    private final Consumer<String> onUnknownTopic;
    private final Backoff backoff;
    private final ProduceExchange exchange;
    private final SenderCrew crew;
    private final Completions completions = new Completions();
    private final Set<Batch> incomplete = ConcurrentHashMap.newKeySet();

    // Under the crew's lock.
    private final ProducerIds ids = new ProducerIds();
    private final SendQueue queue;
    private final Deque<Runnable> errands = new ArrayDeque<>();
    private int flushing;
    private int completed;
    private long quietNanos;
    private boolean hasMore;

    /** @param onUnknownTopic told when the server does not know a topic, or a partition of it, that was sent to */
    Sender(
            ProducerConfig config,
            Transport transport,
            BufferPool pool,
            ProducerCounters counters,
            Consumer<String> onUnknownTopic) {
        this.onUnknownTopic = onUnknownTopic;
        this.config = config;
        this.queue = new SendQueue(config);
        this.pool = pool;
        this.counters = counters;
        this.backoff = Backoff.of(config.connection(), ThreadLocalRandom::current);
        this.exchange = new ProduceExchange(transport, config.acks());
        this.crew = new SenderCrew("tidemark-producer", config.maxInFlightRequests(), this);
    }

    boolean isSenderThread() {
        return crew.isMember();
    }

    /** A batch was begun: it counts as incomplete from now on. Before its partition is announced. */
    void begun(Batch batch) {
        incomplete.add(batch);
    }

    /** The partition has something to send. */
    void announce(PartitionPipeline pipeline) {
        crew.lock().lock();
        try {
            queue.add(pipeline);
            long waitNanos = partialWaitNanos(crew.busy());
            if (waitNanos <= 0 || pipeline.buffer.hasFull()) {
                crew.wakeOne();
            } else {
                crew.lookIn(waitNanos);
            }
        } finally {
            crew.lock().unlock();
        }
    }

    /** Somebody waits for memory: partial batches are due. */
    void memoryWanted() {
        underLock(crew::wakeOne);
    }

    /** Runs something short on a sender thread. */
    void runErrand(Runnable errand) {
        underLock(() -> {
            errands.add(errand);
            crew.wakeOne();
        });
    }

    /** Waits until all that is incomplete now is complete. @return whether it was in time */
    boolean flush(Duration timeout) throws InterruptedException {
        changeFlushing(1);
        try {
            Deadline deadline = Deadline.in(timeout);
            for (Batch batch : List.copyOf(incomplete)) {
                if (!batch.awaitCompleted(deadline.leftNanos())) {
                    return false;
                }
            }
            return true;
        } finally {
            changeFlushing(-1);
        }
    }

    private void changeFlushing(int by) {
        underLock(() -> {
            flushing += by;
            if (by > 0) {
                crew.wakeOne();
            }
        });
    }

    /** Fails what is incomplete and ends the threads; keeps the calling thread's interrupt flag. */
    void abort(List<PartitionPipeline> pipelines, Duration joinTimeout) {
        crew.stop();
        TidemarkException closed =
                new TidemarkTimeoutException("the producer was closed before the outcome was known", null);
        underLock(() -> pipelines.forEach(pipeline -> pipeline.abort(closed, this::complete)));
        completions.run();
        crew.join(joinTimeout);
    }

    int requestsInFlight() {
        crew.lock().lock();
        try {
            return crew.busy();
        } finally {
            crew.lock().unlock();
        }
    }

    @Override
    public @Nullable Runnable next(int busy) {
        hasMore = false;
        Runnable errand = errands.pollFirst();
        if (errand != null) {
            return errand;
        }
        long now = System.nanoTime();
        SendChance chance = new SendChance(
                now,
                now - partialWaitNanos(busy),
                now - config.deliveryTimeout().toNanos());
        int before = completed;
        queue.expire(chance, this::complete);
        if (completed != before) {
            return completions::run;
        }
        List<Sent> request = queue.takeRequest(chance, ids, flushing > 0);
        hasMore = queue.leftSome();
        if (!request.isEmpty()) {
            return () -> exchange(request);
        }
        if (chance.needsIdentity() && ids.beginAsking(chance)) {
            return this::askForIdentity;
        }
        quietNanos = chance.quietNanos();
        return null;
    }

    @Override
    public long quietNanos() {
        return quietNanos;
    }

    @Override
    public boolean hasMore() {
        return hasMore || !errands.isEmpty();
    }

    private long partialWaitNanos(int busy) {
        if (flushing > 0 || pool.isExhausted()) {
            return 0;
        }
        return config.linger().toNanos() + (busy == 0 ? 0 : BUSY_WAIT.toNanos());
    }

    private void complete(Batch batch) {
        completed++;
        counters.completed(batch);
        completions.add(() -> {
            batch.complete(pool);
            incomplete.remove(batch);
        });
    }

    private void exchange(List<Sent> request) {
        counters.requests.incrementAndGet();
        counters.retries.addAndGet(
                request.stream().filter(sent -> sent.batch().attempts > 1).count());
        List<Verdict> verdicts = exchange.send(request, timeout(request));
        crew.lock().lock();
        try {
            verdicts = smallerRequestsIfTooLarge(request, verdicts);
            for (int i = 0; i < request.size(); i++) {
                settle(request.get(i), verdicts.get(i));
            }
        } finally {
            crew.lock().unlock();
        }
        completions.run();
    }

    /** Something on the way takes less in one request than we send (proxies often take 1 MiB): the batches may still pass in smaller ones. */
    private List<Verdict> smallerRequestsIfTooLarge(List<Sent> request, List<Verdict> verdicts) {
        boolean tooLarge = request.size() > 1
                && verdicts.get(0) instanceof Verdict.BrokenOff brokenOff
                && brokenOff.failure().errorCode() == ErrorCode.MESSAGE_TOO_LARGE;
        if (!tooLarge) {
            return verdicts;
        }
        int bytes =
                request.stream().mapToInt(sent -> sent.batch().requestBytes()).sum();
        queue.shrinkFrom(bytes);
        TidemarkException smaller = new RetriableException(
                ErrorCode.MESSAGE_TOO_LARGE, "a request of " + bytes + " bytes is too large for the server", null);
        return request.stream()
                .<Verdict>map(sent -> new Verdict.BrokenOff(smaller, Duration.ZERO))
                .toList();
    }

    /** A request does not outlive its oldest batch. */
    private Duration timeout(List<Sent> request) {
        long oldest = request.stream()
                .mapToLong(sent -> sent.batch().createdNanos)
                .reduce((one, other) -> one - other < 0 ? one : other)
                .orElseThrow();
        long left = oldest + config.deliveryTimeout().toNanos() - System.nanoTime();
        long nanos = Math.min(left, config.connection().requestTimeout().toNanos());
        return Duration.ofNanos(Math.max(nanos, TimeUnit.MILLISECONDS.toNanos(1)));
    }

    private void settle(Sent sent, Verdict verdict) {
        Batch batch = sent.batch();
        PartitionPipeline pipeline = sent.pipeline();
        if (batch.state != Batch.State.IN_FLIGHT) {
            // The producer was closed meanwhile.
            return;
        }
        long now = System.nanoTime();
        long pause = backoff.nanos(Math.max(batch.attempts, 1));
        if (verdict instanceof Verdict.BrokenOff brokenOff) {
            pause = Backoff.orRetryAfter(pause, brokenOff.retryAfter());
        }
        List<Runnable> failures = pipeline.settle(batch, verdict, now, now + pause);
        counters.recordsFailed.addAndGet(failures.size());
        failures.forEach(completions::add);
        pipeline.complete(this::complete);
        if (errorOf(verdict) == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) {
            onUnknownTopic.accept(batch.partition.topic());
        }
        if (pipeline.hasWork()) {
            queue.add(pipeline);
        }
    }

    private static @Nullable ErrorCode errorOf(Verdict verdict) {
        if (verdict instanceof Verdict.Refused refused) {
            return refused.refusal().errorCode();
        }
        return verdict instanceof Verdict.BrokenOff brokenOff
                ? brokenOff.failure().errorCode()
                : null;
    }

    private void askForIdentity() {
        try {
            ProducerIdentity identity = exchange.newIdentity(config.connection().requestTimeout());
            underLock(() -> ids.received(identity));
        } catch (TidemarkException failure) {
            underLock(() -> noIdentity(failure));
        }
        completions.run();
    }

    private void noIdentity(TidemarkException failure) {
        ids.askAgainAt(System.nanoTime() + backoff.nanos(ids.failed()));
        if (!failure.isRetriable()) {
            queue.giveUp(failure, this::complete);
        }
    }

    private void underLock(Runnable change) {
        crew.lock().lock();
        try {
            change.run();
        } finally {
            crew.lock().unlock();
        }
    }
}
