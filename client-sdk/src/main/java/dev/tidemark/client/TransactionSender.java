package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.TransactionResult;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Sends transactions, each until its outcome is known or its time is over. Thread-safe. */
final class TransactionSender {
    private final Transport transport;
    private final ProducerConfig config;
    private final Backoff backoff;
    private final Caller caller;
    /** Those no transaction uses just now: as many as there were transactions at a time. */
    private final Deque<TransactionIdentity> free = new ArrayDeque<>();

    TransactionSender(Transport transport, ProducerConfig config) {
        this.transport = transport;
        this.config = config;
        this.backoff = Backoff.of(config.connection(), ThreadLocalRandom::current);
        this.caller = new Caller(transport);
    }

    /** Blocks until it has taken place. @throws TidemarkException see {@link TidemarkProducer#transaction} */
    List<RecordMetadata> send(TransactionBuffer transaction) {
        Deadline deadline = Deadline.in(config.deliveryTimeout());
        if (!transaction.hasRecords()) {
            return new Attempt(transaction.request(config.acks(), null), deadline).run(transaction, null);
        }
        TransactionIdentity known = takeFree();
        if (known != null) {
            try {
                return sendAs(known, transaction, deadline);
            } catch (SequencesLostException forgotten) {
                // The topic was made again, or the log has not heard of the producer for long: nothing took place.
            }
        }
        try {
            return sendAs(newIdentity(deadline), transaction, deadline);
        } catch (SequencesLostException impossible) {
            throw impossible.refusal;
        }
    }

    private List<RecordMetadata> sendAs(
            TransactionIdentity identity, TransactionBuffer transaction, Deadline deadline) {
        Attempt attempt = new Attempt(transaction.request(config.acks(), identity), deadline);
        try {
            return attempt.run(transaction, identity);
        } finally {
            // One whose last transaction may still take place is not used again: its sequences are not known.
            if (attempt.isOutcomeKnown) {
                giveBack(identity);
            }
        }
    }

    /** The log's sequences of this producer are not the ones it knows of; certainly nothing took place. */
    private static final class SequencesLostException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final TidemarkException refusal;

        SequencesLostException(TidemarkException refusal) {
            super(refusal);
            this.refusal = refusal;
        }
    }

    private @Nullable TransactionIdentity takeFree() {
        synchronized (free) {
            return free.poll();
        }
    }

    private TransactionIdentity newIdentity(Deadline deadline) {
        var given = caller.call(Request.post("/v1/producers"), deadline.left())
                .as(dev.tidemark.protocol.api.ProducerIdentity.class);
        return new TransactionIdentity(new ProducerIdentity(given.producerId(), given.producerEpoch()));
    }

    private void giveBack(TransactionIdentity identity) {
        synchronized (free) {
            free.push(identity);
        }
    }

    /** One transaction's tries. */
    private final class Attempt {
        private final Request request;
        private final Deadline deadline;
        private boolean isOutcomeKnown;
        /** A try before may have been carried out, or may be yet. */
        private @Nullable TidemarkException open;

        Attempt(Request request, Deadline deadline) {
            this.request = request;
            this.deadline = deadline;
        }

        List<RecordMetadata> run(TransactionBuffer transaction, @Nullable TransactionIdentity identity) {
            TransactionResult result = run().as(TransactionResult.class);
            if (identity != null) {
                identity.tookPlace(transaction.counts());
            }
            isOutcomeKnown = true;
            return transaction.places(result.batches());
        }

        private Answer run() {
            try {
                for (int failures = 1; ; failures++) {
                    long pauseNanos = backoff.nanos(failures);
                    TidemarkException failure;
                    try {
                        Answer answer = transport.send(request, tryTimeout());
                        if (answer.isSuccess()) {
                            return answer;
                        }
                        failure = Failures.of(answer);
                        pauseNanos = Backoff.orRetryAfter(pauseNanos, answer.retryAfter());
                    } catch (TidemarkException noAnswer) {
                        failure = noAnswer;
                    }
                    requireRetriable(failure);
                    if (pauseNanos >= deadline.leftNanos()) {
                        throw overdue(failure);
                    }
                    TimeUnit.NANOSECONDS.sleep(pauseNanos);
                }
            } catch (InterruptedException e) {
                throw new InterruptException(e);
            }
        }

        /** The group's rebalance needs its consumer, who waits here: that is told at once. */
        private void requireRetriable(TidemarkException failure) {
            boolean retriable = failure.isRetriable() && failure.errorCode() != ErrorCode.REBALANCE_IN_PROGRESS;
            if (retriable) {
                if (Failures.leavesOutcomeOpen(failure)) {
                    open = failure;
                }
                return;
            }
            if (open == null && hasLostSequences(failure)) {
                throw new SequencesLostException(failure);
            }
            if (open == null) {
                isOutcomeKnown = true;
                throw failure;
            }
            TidemarkTimeoutException unknown = new TidemarkTimeoutException(
                    "the transaction was refused (" + failure.getMessage()
                            + ") when it was sent again, and whether it took place the time before is not known",
                    failure);
            unknown.addSuppressed(open);
            throw unknown;
        }

        private boolean hasLostSequences(TidemarkException failure) {
            return failure.errorCode() == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
                    || failure.errorCode() == ErrorCode.INVALID_PRODUCER_EPOCH;
        }

        private TidemarkException overdue(TidemarkException last) {
            if (open == null) {
                // Never sent, or turned away each time.
                isOutcomeKnown = true;
                return last;
            }
            return new TidemarkTimeoutException(
                    "the transaction's outcome is not known after " + config.deliveryTimeout() + ": "
                            + last.getMessage(),
                    last);
        }

        private Duration tryTimeout() {
            long leftNanos = Math.max(deadline.leftNanos(), TimeUnit.MILLISECONDS.toNanos(1));
            return Duration.ofNanos(
                    Math.min(leftNanos, config.connection().requestTimeout().toNanos()));
        }
    }
}
