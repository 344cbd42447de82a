package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.RecordProblem;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A partition's batches between the first try and the outcome: keeps their order, whatever happens to requests. Not thread-safe; the {@link Sender}'s lock guards it.
 *
 * <p>Batches are numbered ({@link SequenceChain}), so several may be in flight together, and any of them may be sent again:
 *
 * <pre>
 *  buffer ──take──► IN_FLIGHT ──appended, or refused for good──► ANSWERED ──when first in the window──► completed
 *                     │    ▲
 *       no answer, or │    │ again, alone: nothing before it is in flight
 *       "try again"   ▼    │
 *                    WAITING
 * </pre>
 *
 * <p>When the chain of sequences breaks, because a batch is refused for good or the log misses one that has failed here (OUT_OF_ORDER_SEQUENCE_NUMBER with nothing before it open), the later
 * batches come back from their requests, and go out again in the next chain.
 *
 * <p>Without idempotence there are no sequences, and one batch is in flight at a time.
 */
final class PartitionPipeline {
    final PartitionBuffer buffer;

    /** Whether the sender has it in its list. */
    boolean listed;

    private final boolean idempotent;
    private final int windowSize;
    private final Deque<Batch> window = new ArrayDeque<>();
    private final SequenceChain chain = new SequenceChain();

    PartitionPipeline(PartitionBuffer buffer, boolean idempotent, int maxInFlight) {
        this.buffer = buffer;
        this.idempotent = idempotent;
        this.windowSize = idempotent ? maxInFlight : 1;
    }

    boolean isOfSameTopic(PartitionPipeline other) {
        return buffer.partition.topic().equals(other.buffer.partition.topic());
    }

    /** Whether it needs looking at: what is only in flight comes back by itself. */
    boolean hasWork() {
        return firstWaiting() != null || !buffer.isEmpty();
    }

    /**
     * The batch to send now, marked as in flight; null when there is none, and the chance says what that waits for.
     *
     * @param ids where a new identity comes from; null until the first one has arrived
     */
    @Nullable
    Batch next(SendChance chance, int maxRequestBytes, ProducerIds ids) {
        Batch waiting = firstWaiting();
        if (waiting != null) {
            return sendAgain(waiting, chance, maxRequestBytes, ids);
        }
        if (window.size() >= windowSize || isRecovering() || chain.isBroken() && anyInFlight()) {
            return null;
        }
        if (buffer.isEmpty() || idempotent && !chain.makeUsable(chance, ids)) {
            return null;
        }
        Batch batch = buffer.take(maxRequestBytes, chance);
        if (batch == null) {
            return null;
        }
        window.addLast(batch);
        return dispatch(batch);
    }

    private @Nullable Batch sendAgain(Batch batch, SendChance chance, int maxRequestBytes, ProducerIds ids) {
        if (chance.nowNanos - batch.retryAtNanos < 0) {
            chance.lookAgainAt(batch.retryAtNanos);
            return null;
        }
        if (batch.createdNanos - chance.expiredBegunBefore <= 0) {
            return null;
        }
        boolean needsSequence = idempotent && batch.identity == null;
        if (batch.requestBytes() > maxRequestBytes || inFlightBefore(batch) || needsSequence && anyInFlight()) {
            return null;
        }
        if (needsSequence && !chain.makeUsable(chance, ids)) {
            return null;
        }
        return dispatch(batch);
    }

    private Batch dispatch(Batch batch) {
        if (idempotent && batch.identity == null) {
            chain.append(batch);
        }
        batch.sentBehindOthers = openBefore(batch);
        batch.state = Batch.State.IN_FLIGHT;
        batch.attempts++;
        return batch;
    }

    /**
     * Takes in what a try came to.
     *
     * @param retryAtNanos when to try again, if it comes to that
     * @return what to run outside of all locks
     */
    List<Runnable> settle(Batch batch, Verdict verdict, long nowNanos, long retryAtNanos) {
        if (verdict instanceof Verdict.Appended appended) {
            batch.succeeded(appended.baseOffset(), appended.appendTimeMs());
        } else if (verdict instanceof Verdict.BrokenOff brokenOff) {
            batch.requestBrokeOff();
            brokenOff(batch, brokenOff.failure(), retryAtNanos);
        } else if (verdict instanceof Verdict.Refused refused) {
            return refused(batch, refused, nowNanos, retryAtNanos);
        }
        return List.of();
    }

    private void brokenOff(Batch batch, TidemarkException failure, long retryAtNanos) {
        if (failure.isRetriable()) {
            tryAgain(batch, failure, retryAtNanos);
        } else {
            refusedForGood(batch, failure, List.of());
        }
    }

    private List<Runnable> refused(Batch batch, Verdict.Refused verdict, long nowNanos, long retryAtNanos) {
        TidemarkException refusal = verdict.refusal();
        ErrorCode error = refusal.errorCode();
        if (idempotent && error == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER) {
            // The first time it only ran ahead of another, or the chain is broken: no reason to wait.
            outOfOrder(batch, refusal, batch.attempts == 1 ? nowNanos : retryAtNanos);
        } else if (idempotent && error == ErrorCode.INVALID_PRODUCER_EPOCH) {
            beginNewChainWith(batch, refusal, retryAtNanos);
        } else if (refusal.isRetriable()) {
            tryAgain(batch, refusal, retryAtNanos);
        } else if (batch.canGoOnWithout(verdict.recordProblems())) {
            beginNewChainWith(batch, refusal, nowNanos);
            return batch.removeRefused(verdict.recordProblems(), error);
        } else {
            refusedForGood(batch, refusal, verdict.recordProblems());
        }
        return List.of();
    }

    /** To be sent again as it is. */
    private static void tryAgain(Batch batch, TidemarkException failure, long retryAtNanos) {
        batch.lastFailure = failure;
        batch.retryAtNanos = retryAtNanos;
        batch.state = Batch.State.WAITING;
        if (batch.afterBreak) {
            forgetSequence(batch);
        }
    }

    /** The log misses a batch before this one. That says nothing when this one was sent while others before it were still open: it may only have overtaken them. */
    private void outOfOrder(Batch batch, TidemarkException refusal, long retryAtNanos) {
        if (batch.sentBehindOthers || openBefore(batch)) {
            tryAgain(batch, refusal, retryAtNanos);
        } else {
            beginNewChainWith(batch, refusal, retryAtNanos);
        }
    }

    /** The batch is not in the log, and under its sequence will not be. */
    private void beginNewChainWith(Batch batch, TidemarkException refusal, long retryAtNanos) {
        breakChainAfter(batch);
        tryAgain(batch, refusal, retryAtNanos);
        forgetSequence(batch);
    }

    /** With an unexpected error of the server nobody knows whether the batch is in the log: its answer to the next one will tell. */
    private void refusedForGood(Batch batch, TidemarkException refusal, List<RecordProblem> problems) {
        batch.failed(refusal, problems);
        if (refusal.errorCode() != ErrorCode.UNKNOWN_SERVER_ERROR) {
            breakChainAfter(batch);
        }
    }

    /** Fails what has had its time, in flight excepted: a request does not outlive its batches. The chain goes on: the log's answer to the next batch tells whether this one is in it. */
    void expire(SendChance chance, long deliveryTimeoutNanos, Consumer<Batch> into) {
        for (Batch batch : window) {
            if (batch.state == Batch.State.WAITING && batch.createdNanos - chance.expiredBegunBefore <= 0) {
                batch.failed(expired(batch, deliveryTimeoutNanos));
            }
        }
        for (Batch batch = buffer.takeBegunBefore(chance.expiredBegunBefore);
                batch != null;
                batch = buffer.takeBegunBefore(chance.expiredBegunBefore)) {
            batch.failed(expired(batch, deliveryTimeoutNanos));
            window.addLast(batch);
        }
        complete(into);
    }

    private static TidemarkException expired(Batch batch, long deliveryTimeoutNanos) {
        TidemarkException last = batch.lastFailure;
        String why =
                last == null ? "never sent" : "last failure after " + batch.attempts + " tries: " + last.getMessage();
        return new TidemarkTimeoutException(
                batch.count() + " records for " + batch.partition + " were not acknowledged within "
                        + TimeUnit.NANOSECONDS.toMillis(deliveryTimeoutNanos) + " ms; " + why,
                last);
    }

    /** Fails everything, in flight too. */
    void abort(TidemarkException failure, Consumer<Batch> into) {
        for (Batch batch : window) {
            if (batch.state == Batch.State.IN_FLIGHT) {
                batch.requestBrokeOff();
                batch.failed(failure);
            }
        }
        giveUp(failure, into);
    }

    /** Fails everything that is not in flight. */
    void giveUp(TidemarkException failure, Consumer<Batch> into) {
        for (Batch batch : window) {
            if (batch.state == Batch.State.WAITING) {
                batch.failed(failure);
            }
        }
        for (Batch batch = buffer.takeAny(); batch != null; batch = buffer.takeAny()) {
            batch.failed(failure);
            window.addLast(batch);
        }
        complete(into);
    }

    /** Hands on, in order, the batches whose outcome is known and that have none before them without. */
    void complete(Consumer<Batch> into) {
        for (Batch first = window.peekFirst();
                first != null && first.state == Batch.State.ANSWERED;
                first = window.peekFirst()) {
            window.removeFirst();
            into.accept(first);
        }
    }

    /** For tests: as if so many records had been sent. */
    void continueAt(int sequence) {
        chain.continueAt(sequence);
    }

    private void breakChainAfter(Batch batch) {
        if (!idempotent || !chain.breakAt(batch)) {
            return;
        }
        boolean after = false;
        for (Batch other : window) {
            if (after) {
                other.afterBreak = true;
                if (other.state == Batch.State.WAITING) {
                    forgetSequence(other);
                }
            }
            after |= other == batch;
        }
    }

    private static void forgetSequence(Batch batch) {
        batch.identity = null;
        batch.afterBreak = false;
    }

    private @Nullable Batch firstWaiting() {
        for (Batch batch : window) {
            if (batch.state == Batch.State.WAITING) {
                return batch;
            }
        }
        return null;
    }

    private boolean anyInFlight() {
        return window.stream().anyMatch(batch -> batch.state == Batch.State.IN_FLIGHT);
    }

    /** While a repeated batch is out, later ones would only run ahead of it and be refused. */
    private boolean isRecovering() {
        return window.stream().anyMatch(batch -> batch.state == Batch.State.IN_FLIGHT && batch.attempts > 1);
    }

    private boolean inFlightBefore(Batch batch) {
        for (Batch other : window) {
            if (other == batch) {
                return false;
            }
            if (other.state == Batch.State.IN_FLIGHT) {
                return true;
            }
        }
        return false;
    }

    /** Whether a batch before this one may still get into the log. */
    private boolean openBefore(Batch batch) {
        for (Batch other : window) {
            if (other == batch) {
                return false;
            }
            if (other.state != Batch.State.ANSWERED) {
                return true;
            }
        }
        return false;
    }
}
