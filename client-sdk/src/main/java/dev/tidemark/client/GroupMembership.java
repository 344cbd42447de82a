package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.GroupAssignment;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A consumer's place in its group: what it is there, what it may read, what to send next. {@link GroupThread} sends it; what the answers mean for partitions is done by the application's thread, in {@link ConsumerGroup},
 * which says here what is read right now.
 *
 * <p>Thread-safe. Its lock is held for moments only, never while a request is under way, and {@link PollWait}'s is not taken under it.
 */
final class GroupMembership {
    /** How long an {@link #unsubscribe}, which does not wait, tries to tell the group. */
    private static final Duration LEAVE_PATIENCE = Duration.ofSeconds(10);

    private final GroupConfig config;
    private final Transport transport;
    private final PollWait waits;
    private final Backoff backoff;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    private MemberState state = new MemberState.Outside();
    private @Nullable Subscription subscription;

    /** Whether a member has to join anew with another subscription. */
    private boolean resubscribed;

    /** What the group has assigned and the application still wants; of a member. */
    private Set<TopicPartition> mayRead = Set.of();

    /** What the application reads. */
    private Set<TopicPartition> owned = Set.of();

    /** What is read has changed since the last heartbeat. */
    private boolean owesHeartbeat;

    private long heartbeatDueNanos;

    /** For the next poll to throw. */
    private @Nullable TidemarkException failure;

    private boolean polling;
    private long lastPollNanos = System.nanoTime();
    private MemberStep.@Nullable Leave leave;
    private int failures;
    private long pausedUntilNanos = System.nanoTime();
    private boolean closed;
    private @Nullable GroupThread thread;
    private @Nullable MemberStep underWay;

    GroupMembership(GroupConfig config, Transport transport, PollWait waits) {
        this.config = config;
        this.transport = transport;
        this.waits = waits;
        this.backoff = Backoff.of(transport.config(), ThreadLocalRandom::current);
    }

    // ---- for the application's thread

    MemberState state() {
        lock.lock();
        try {
            expireIfLate();
            return state;
        } finally {
            lock.unlock();
        }
    }

    boolean isSubscribed() {
        lock.lock();
        try {
            return subscription != null;
        } finally {
            lock.unlock();
        }
    }

    /** From the next poll on, or at once for a member. */
    void subscribe(Subscription wanted) {
        lock.lock();
        try {
            resubscribed |= state instanceof MemberState.Member && !wanted.equals(subscription);
            subscription = wanted;
            mayRead = wantedOf(mayRead);
            failure = null;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** A poll begins: joins, where that is to be done. While it lasts the application is not late. */
    void beginPoll() {
        lock.lock();
        try {
            expireIfLate();
            polling = true;
            if (state instanceof MemberState.Outside && subscription != null) {
                joinAnew();
            }
        } finally {
            lock.unlock();
        }
    }

    void endPoll() {
        lock.lock();
        try {
            polling = false;
            lastPollNanos = System.nanoTime();
        } finally {
            lock.unlock();
        }
    }

    /** The application knows that its partitions are gone. */
    void acknowledgeLoss() {
        lock.lock();
        try {
            owned = Set.of();
            if (state instanceof MemberState.Lost) {
                joinAnew();
            }
        } finally {
            lock.unlock();
        }
    }

    /** What is read from now on. What is read no more goes to others as soon as the group hears of it: at once. */
    void reads(Set<TopicPartition> partitions) {
        lock.lock();
        try {
            owesHeartbeat |= !partitions.containsAll(owned);
            owned = Set.copyOf(partitions);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** What a join or a heartbeat met that waiting does not mend, once. */
    @Nullable
    TidemarkException takeFailure() {
        lock.lock();
        try {
            TidemarkException taken = failure;
            failure = null;
            if (taken != null) {
                changed.signalAll();
            }
            return taken;
        } finally {
            lock.unlock();
        }
    }

    /** Whether the application's thread has something to do, or to hear. */
    boolean hasNews() {
        lock.lock();
        try {
            return failure != null
                    || state instanceof MemberState.Lost
                    || state instanceof MemberState.Fenced
                    || state instanceof MemberState.Member && !mayRead.equals(owned);
        } finally {
            lock.unlock();
        }
    }

    /** All that may be read: what the group has assigned and the application still wants. */
    Set<TopicPartition> assignment() {
        lock.lock();
        try {
            return state instanceof MemberState.Member ? mayRead : Set.of();
        } finally {
            lock.unlock();
        }
    }

    /** Leaves, without waiting for it. */
    void unsubscribe() {
        lock.lock();
        try {
            subscription = null;
            withdraw(Deadline.in(LEAVE_PATIENCE), true);
        } finally {
            lock.unlock();
        }
    }

    /** Leaves, unless it is a static member, and ends the thread; within the time. Idempotent. */
    void close(Deadline deadline) throws InterruptedException {
        GroupThread running;
        lock.lock();
        try {
            if (!closed) {
                closed = true;
                withdraw(deadline, !config.isStatic());
            }
            running = thread;
        } finally {
            lock.unlock();
        }
        if (running != null) {
            running.join(deadline);
        }
    }

    /**
     * Leaves and begins anew, with the next poll: what this member has under way, or had when it failed, must not take place beside what is done again. The group gives its partitions to nobody, not to this consumer either, before
     * that has ended, and refuses what comes later.
     */
    void leaveInDoubt(String memberId, TidemarkException why) {
        lock.lock();
        try {
            if (state instanceof MemberState.Member member && member.memberId().equals(memberId)) {
                lose(member, why);
            }
        } finally {
            lock.unlock();
        }
    }

    // ---- for whoever hears of it from a server

    /** The server knows the member no more. */
    void expelled(String memberId, TidemarkException why) {
        lock.lock();
        try {
            if (state instanceof MemberState.Member member && member.memberId().equals(memberId)) {
                state = new MemberState.Lost(memberId, why);
            }
        } finally {
            lock.unlock();
        }
        waits.signal();
    }

    // ---- under the lock

    private Set<TopicPartition> wantedOf(Set<TopicPartition> assigned) {
        Subscription wanted = subscription;
        return assigned.stream()
                .filter(partition -> wanted != null && wanted.mayWant(partition.topic()))
                .collect(Collectors.toUnmodifiableSet());
    }

    private void joinAnew() {
        state = subscription == null
                ? new MemberState.Outside()
                : new MemberState.Joining(UUID.randomUUID().toString());
        resubscribed = false;
        owesHeartbeat = false;
        failures = 0;
        pausedUntilNanos = System.nanoTime();
        if (thread == null && !closed) {
            thread = new GroupThread(config, transport, this);
            thread.start();
        }
        changed.signalAll();
    }

    private void withdraw(Deadline deadline, boolean tell) {
        String memberId = state instanceof MemberState.Member member
                ? member.memberId()
                : state instanceof MemberState.Joining joining ? joining.memberId() : null;
        state = new MemberState.Outside();
        owned = Set.of();
        failure = null;
        if (memberId != null && tell) {
            tellThatItLeaves(new MemberStep.Leave(memberId, deadline));
        }
        if (closed && thread != null && !(underWay instanceof MemberStep.Leave)) {
            // It may be waiting for a server that does not answer, about something that matters no more.
            thread.interrupt();
        }
        changed.signalAll();
    }

    private void tellThatItLeaves(MemberStep.Leave wanted) {
        leave = wanted;
        failures = 0;
        pausedUntilNanos = System.nanoTime();
    }

    private void expireIfLate() {
        long late = System.nanoTime() - lastPollNanos;
        if (polling || late <= config.maxPollInterval().toNanos()) {
            return;
        }
        if (state instanceof MemberState.Member member) {
            String why = MaxPollIntervalExceededException.explain(Duration.ofNanos(late), config.maxPollInterval());
            lose(member, new MaxPollIntervalExceededException(why));
        } else if (state instanceof MemberState.Joining joining) {
            // It has nothing yet that it could lose.
            state = new MemberState.Outside();
            tellThatItLeaves(new MemberStep.Leave(joining.memberId(), Deadline.in(LEAVE_PATIENCE)));
        }
    }

    /** A static member is replaced by the one that joins next. */
    private void lose(MemberState.Member member, TidemarkException why) {
        state = new MemberState.Lost(member.memberId(), why);
        if (!config.isStatic()) {
            tellThatItLeaves(new MemberStep.Leave(member.memberId(), Deadline.in(LEAVE_PATIENCE)));
        }
        changed.signalAll();
    }

    // ---- for the thread

    /** Waits until there is something to send. @return null at the end */
    @Nullable
    MemberStep awaitStep() throws InterruptedException {
        lock.lock();
        try {
            underWay = null;
            while (true) {
                expireIfLate();
                MemberStep step = next();
                if (step == null && closed) {
                    return null;
                }
                long now = System.nanoTime();
                if (step != null && now - pausedUntilNanos >= 0) {
                    underWay = step;
                    owesHeartbeat &= !(step instanceof MemberStep.Heartbeat);
                    return step;
                }
                changed.awaitNanos(Math.max(1, step == null ? untilDue(now) : pausedUntilNanos - now));
            }
        } finally {
            lock.unlock();
        }
    }

    private @Nullable MemberStep next() {
        if (leave != null && leave.deadline().leftNanos() > 0) {
            return leave;
        }
        leave = null;
        boolean mayJoin = failure == null && subscription != null;
        if (state instanceof MemberState.Joining joining && mayJoin) {
            return new MemberStep.Join(joining.memberId(), Objects.requireNonNull(subscription));
        }
        if (state instanceof MemberState.Member member) {
            if (resubscribed && mayJoin) {
                return new MemberStep.Join(member.memberId(), Objects.requireNonNull(subscription));
            }
            if (owesHeartbeat || System.nanoTime() - heartbeatDueNanos >= 0) {
                return new MemberStep.Heartbeat(member.memberId(), member.generationId(), owned);
            }
        }
        return null;
    }

    /** Until a heartbeat is due, or the application may be late. */
    private long untilDue(long now) {
        long untilLate = config.maxPollInterval().toNanos() - (polling ? 0 : now - lastPollNanos) + 1;
        return state instanceof MemberState.Member ? Math.min(heartbeatDueNanos - now, untilLate) : untilLate;
    }

    void left(MemberStep.Leave told) {
        lock.lock();
        try {
            failures = 0;
            leave = told.equals(leave) ? null : leave;
        } finally {
            lock.unlock();
        }
    }

    /** To a join or a heartbeat. */
    void answered(MemberStep step, GroupAssignment answer) {
        lock.lock();
        try {
            failures = 0;
            if (!isCurrent(step)) {
                return;
            }
            failure = null;
            resubscribed &= !(step instanceof MemberStep.Join join
                    && join.subscription().equals(subscription));
            state = new MemberState.Member(step.memberId(), answer.generationId());
            mayRead = wantedOf(GroupRequests.partitions(answer));
            heartbeatDueNanos =
                    System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(Math.max(1, answer.heartbeatIntervalMs()));
        } finally {
            lock.unlock();
        }
        waits.signal();
    }

    void failed(MemberStep step, TidemarkException why, Duration retryAfter) {
        lock.lock();
        try {
            failures++;
            pausedUntilNanos = System.nanoTime() + Backoff.orRetryAfter(backoff.nanos(failures), retryAfter);
            if (step instanceof MemberStep.Leave) {
                leave = why.isRetriable() || !step.equals(leave) ? leave : null;
            } else if (isCurrent(step) && !why.isRetriable()) {
                refused(step, why);
            } else {
                owesHeartbeat |= step instanceof MemberStep.Heartbeat;
            }
        } finally {
            lock.unlock();
        }
        waits.signal();
    }

    private void refused(MemberStep step, TidemarkException why) {
        boolean isUnknown = switch (why.errorCode()) {
            case UNKNOWN_MEMBER_ID, GROUP_ID_NOT_FOUND -> true;
            // The database was put back to an older state: what the group knows now, it knows without us.
            case ILLEGAL_GENERATION -> step instanceof MemberStep.Heartbeat;
            default -> false;
        };
        if (why.errorCode() == ErrorCode.FENCED_INSTANCE_ID) {
            state = new MemberState.Fenced(why);
        } else if (!isUnknown) {
            failure = why;
            owesHeartbeat |= step instanceof MemberStep.Heartbeat;
        } else if (state instanceof MemberState.Member) {
            state = new MemberState.Lost(step.memberId(), why);
        } else {
            state = new MemberState.Joining(UUID.randomUUID().toString());
        }
    }

    /** Whether the application has not gone elsewhere since. */
    private boolean isCurrent(MemberStep step) {
        return state instanceof MemberState.Member member && member.memberId().equals(step.memberId())
                || state instanceof MemberState.Joining joining
                        && joining.memberId().equals(step.memberId());
    }
}
