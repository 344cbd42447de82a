package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a group means for the application's thread: partitions are handed over, and offsets committed. For that thread alone; {@link GroupMembership} is what it shares with the thread that speaks to servers.
 *
 * <p>A partition that has to go is not read from on: its position is committed, the listener is told, and only then the group. So nobody reads it before its offset is where it will be.
 */
final class ConsumerGroup {
    /** A commit before a partition goes is worth so much waiting; without it records are only read again. */
    private static final Duration HAND_OVER_PATIENCE = Duration.ofSeconds(10);

    private static final ConsumerRebalanceListener NOBODY = new ConsumerRebalanceListener() {
        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {}

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {}
    };

    private final GroupMembership membership;
    private final ConsumerPartitions partitions;
    private final Commits commits;
    private final PositionCommits positions;
    private @Nullable Subscription subscription;
    private ConsumerRebalanceListener listener = NOBODY;

    /** Of the subscription; what {@link #membership} knows to be read. */
    private Set<TopicPartition> read = Set.of();

    private boolean inListener;

    ConsumerGroup(
            GroupConfig config,
            Duration callTimeout,
            Transport transport,
            GroupRequests requests,
            ConsumerPartitions partitions,
            PollWait waits) {
        this.membership = new GroupMembership(config, transport, waits);
        this.partitions = partitions;
        this.commits = new Commits(requests, membership, partitions, waits);
        this.positions = new PositionCommits(config, callTimeout, membership, partitions, commits);
    }

    /** What commits. */
    PositionCommits positions() {
        return positions;
    }

    // ---- subscription

    boolean isSubscribed() {
        return subscription != null;
    }

    void subscribe(Subscription wanted, @Nullable ConsumerRebalanceListener told) {
        refuseInListener("subscribe");
        Subscription before = subscription;
        if (before == null && !partitions.assignment().isEmpty()) {
            throw new IllegalStateException("partitions are assigned by hand: unsubscribe before you subscribe");
        }
        if (before != null && before.getClass() != wanted.getClass()) {
            throw new IllegalStateException(
                    "subscribed to topics by name or by pattern, not both: unsubscribe in between");
        }
        subscription = wanted;
        listener = told == null ? NOBODY : told;
        membership.subscribe(wanted);
    }

    void unsubscribe() {
        refuseInListener("unsubscribe");
        if (subscription == null) {
            partitions.assign(Set.of());
            return;
        }
        try {
            letGoOfAll(Deadline.in(HAND_OVER_PATIENCE));
        } finally {
            subscription = null;
            listener = NOBODY;
            membership.unsubscribe();
        }
    }

    /** Topics subscribed to; of a pattern those that are being read. */
    Set<String> subscription() {
        if (subscription instanceof Subscription.Topics topics) {
            return topics.names();
        }
        return read.stream().map(TopicPartition::topic).collect(Collectors.toUnmodifiableSet());
    }

    // ---- polling

    void beginPoll() {
        refuseInListener("poll");
        if (subscription != null) {
            membership.beginPoll();
        }
        positions.polled();
    }

    void endPoll() {
        membership.endPoll();
    }

    /** Whether {@link #handOver} has something to do. Under the lock of those who wait. */
    boolean hasNews() {
        return membership.hasNews();
    }

    /**
     * Hands over what has to go, and takes what is new.
     *
     * @throws TidemarkException what stands in the way of being a member
     */
    void handOver() {
        while (membership.hasNews()) {
            MemberState state = membership.state();
            TidemarkException failure = membership.takeFailure();
            if (state instanceof MemberState.Fenced fenced) {
                lose();
                throw fenced.why();
            }
            if (state instanceof MemberState.Lost lost) {
                beLost(lost);
            } else if (failure != null) {
                throw failure;
            } else {
                reconcile(membership.assignment());
            }
        }
    }

    private void beLost(MemberState.Lost lost) {
        boolean isNew = !positions.takeSaidThatItIsLost();
        try {
            lose();
        } finally {
            membership.acknowledgeLoss();
        }
        if (isNew && lost.why() instanceof MaxPollIntervalExceededException) {
            throw lost.why();
        }
    }

    private void lose() {
        Set<TopicPartition> gone = read;
        read = Set.of();
        try {
            tell(listener::onPartitionsLost, gone);
        } finally {
            partitions.assign(Set.of());
        }
    }

    private void reconcile(Set<TopicPartition> assignment) {
        Set<TopicPartition> gone = minus(read, assignment);
        if (!gone.isEmpty()) {
            letGo(gone, Deadline.in(HAND_OVER_PATIENCE));
            return;
        }
        Set<TopicPartition> added = minus(assignment, read);
        if (!added.isEmpty()) {
            partitions.assign(assignment);
            reads(assignment);
            tell(listener::onPartitionsAssigned, added);
        }
    }

    private void letGo(Set<TopicPartition> gone, Deadline deadline) {
        positions.beforeLettingGo(deadline);
        if (isGone()) {
            lose();
            return;
        }
        Set<TopicPartition> left = minus(read, gone);
        try {
            tell(listener::onPartitionsRevoked, gone);
        } finally {
            partitions.assign(left);
            reads(left);
        }
    }

    private void reads(Set<TopicPartition> now) {
        read = now;
        membership.reads(now);
    }

    private void tell(Consumer<Set<TopicPartition>> call, Set<TopicPartition> about) {
        if (about.isEmpty()) {
            return;
        }
        inListener = true;
        try {
            call.accept(about);
        } finally {
            inListener = false;
        }
    }

    void refuseInListener(String what) {
        if (inListener) {
            throw new IllegalStateException(what + " must not be called by a rebalance listener");
        }
    }

    private static Set<TopicPartition> minus(Set<TopicPartition> all, Set<TopicPartition> some) {
        Set<TopicPartition> left = new HashSet<>(all);
        left.removeAll(some);
        return Collections.unmodifiableSet(left);
    }

    /** Whether offsets that were handed out to be committed elsewhere will be is not known, and cannot be found out: leaves, and begins anew with the next poll. */
    void leaveInDoubt(String memberId, String about, @Nullable Throwable cause) {
        membership.leaveInDoubt(
                memberId,
                new TidemarkException(
                        ErrorCode.UNKNOWN_MEMBER_ID,
                        "the consumer begins anew in its group, since it is not known whether " + about + " took place",
                        cause));
    }

    /** The application wants to go on at what is committed. */
    void turnsBack() {
        String memberId = positions.inDoubt();
        if (memberId != null) {
            leaveInDoubt(memberId, "the database transaction with its offsets", null);
        }
    }

    // ---- the end

    private void letGoOfAll(Deadline deadline) {
        if (isGone()) {
            lose();
        } else {
            letGo(read, deadline);
        }
    }

    private boolean isGone() {
        MemberState state = membership.state();
        return state instanceof MemberState.Lost || state instanceof MemberState.Fenced;
    }

    /** Commits what is to be committed, tells the listener and leaves; within the time but for what listener and callbacks take. */
    void close(Deadline deadline) {
        boolean isInterrupted = Thread.interrupted();
        try {
            letGoOfAll(deadline);
            commits.awaitAll(deadline);
            commits.runCallbacks();
        } catch (InterruptedException e) {
            isInterrupted = true;
        } finally {
            isInterrupted |= leave(deadline);
            commits.close();
            if (isInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** @return whether it was interrupted */
    private boolean leave(Deadline deadline) {
        try {
            membership.close(deadline);
            return false;
        } catch (InterruptedException e) {
            return true;
        }
    }
}
