package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.GroupAssignment;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Sends what {@link GroupMembership} says is next, one request after the other, on a thread of its own, and tells it what came of each. */
final class GroupThread {
    private final GroupConfig config;
    private final Transport transport;
    private final GroupMembership membership;
    private final Thread thread = new Thread(this::run, "tidemark-consumer-group");

    GroupThread(GroupConfig config, Transport transport, GroupMembership membership) {
        this.config = config;
        this.transport = transport;
        this.membership = membership;
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** Breaks off what is under way. */
    void interrupt() {
        thread.interrupt();
    }

    /** Waits for the end, and hurries it when the time is over. */
    void join(Deadline deadline) throws InterruptedException {
        TimeUnit.NANOSECONDS.timedJoin(thread, Math.max(1, deadline.leftNanos()));
        thread.interrupt();
    }

    private void run() {
        while (true) {
            try {
                MemberStep step = membership.awaitStep();
                if (step == null) {
                    return;
                }
                take(step);
            } catch (InterruptedException somethingElse) {
                // The loop sees what.
            }
        }
    }

    private void take(MemberStep step) throws InterruptedException {
        Duration retryAfter = Duration.ZERO;
        try {
            Answer answer = transport.send(step.request(config), timeout(step));
            if (answer.isSuccess()) {
                answered(step, answer);
                return;
            }
            retryAfter = answer.retryAfter();
            membership.failed(step, Failures.of(answer), retryAfter);
        } catch (TidemarkException e) {
            membership.failed(step, e, retryAfter);
        } catch (RuntimeException bug) {
            String what = "the request to the group failed: " + bug;
            membership.failed(step, new TidemarkException(ErrorCode.UNKNOWN_SERVER_ERROR, what, bug), Duration.ZERO);
        }
    }

    private void answered(MemberStep step, Answer answer) {
        if (step instanceof MemberStep.Leave leave) {
            membership.left(leave);
        } else {
            membership.answered(step, answer.as(GroupAssignment.class));
        }
    }

    private Duration timeout(MemberStep step) {
        Duration most = step.patience(config);
        Duration usual = transport.config().requestTimeout();
        Duration chosen = most.compareTo(usual) < 0 ? most : usual;
        return chosen.isZero() ? Duration.ofMillis(1) : chosen;
    }
}
