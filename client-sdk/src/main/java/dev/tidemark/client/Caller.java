package dev.tidemark.client;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** Calls a server and waits: repeats what failed for a while with backoff, until there is an answer or no time left. Thread-safe. */
final class Caller {
    private final Transport transport;
    private final Backoff backoff;

    Caller(Transport transport) {
        this.transport = transport;
        this.backoff = Backoff.of(transport.config(), ThreadLocalRandom::current);
    }

    /**
     * A successful answer.
     *
     * @throws TidemarkException the server's refusal, or the last failure when the time is over
     */
    Answer call(Request request, Duration timeout) {
        return new Call(request, timeout).run();
    }

    /** One call with its tries; kept by those who must know whether an earlier try may have been carried out. */
    final class Call {
        private final Request request;
        private final Deadline deadline;
        private boolean isRepeatable = true;
        private boolean mayBeDone;

        Call(Request request, Duration timeout) {
            this(request, Deadline.in(timeout));
        }

        Call(Request request, Deadline deadline) {
            this.request = request;
            this.deadline = deadline;
        }

        /** Done twice it would be done too often: a try that may have been carried out is the last. */
        Call once() {
            isRepeatable = false;
            return this;
        }

        /** Whether a try before the last may have been carried out: it was sent, and its outcome is not known. */
        boolean mayBeDone() {
            return mayBeDone;
        }

        Answer run() {
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
                    if (!failure.isRetriable() || pauseNanos >= deadline.leftNanos()) {
                        throw failure;
                    }
                    mayBeDone |= Failures.leavesOutcomeOpen(failure);
                    if (mayBeDone && !isRepeatable) {
                        throw failure;
                    }
                    TimeUnit.NANOSECONDS.sleep(pauseNanos);
                }
            } catch (InterruptedException e) {
                throw new InterruptException(e);
            }
        }

        private Duration tryTimeout() {
            long leftNanos = Math.max(deadline.leftNanos(), TimeUnit.MILLISECONDS.toNanos(1));
            return Duration.ofNanos(
                    Math.min(leftNanos, transport.config().requestTimeout().toNanos()));
        }
    }
}
