package dev.tidemark.client;

import dev.tidemark.protocol.ErrorCode;
import java.lang.System.Logger.Level;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** Decides what is committed, and as whom, for the application's thread: the positions of what polls have returned, or what the application names. {@link Commits} sends it. */
final class PositionCommits {
    private static final System.Logger LOGGER = System.getLogger(TidemarkConsumer.class.getName());

    private final GroupConfig config;
    private final Duration callTimeout;
    private final GroupMembership membership;
    private final ConsumerPartitions partitions;
    private final Commits commits;
    private final JdbcCommit jdbc;
    private final @Nullable AutoCommit autoCommit;

    /** Into which offsets were put since the last poll. */
    private @Nullable Enclosing enclosing;

    /** A commit was refused because the consumer had been late, so the application knows. */
    private boolean saidThatItIsLost;

    PositionCommits(
            GroupConfig config,
            Duration callTimeout,
            GroupMembership membership,
            ConsumerPartitions partitions,
            Commits commits) {
        this.config = config;
        this.callTimeout = callTimeout;
        this.membership = membership;
        this.partitions = partitions;
        this.commits = commits;
        this.jdbc = new JdbcCommit(config);
        Duration interval = config.autoCommitInterval();
        this.autoCommit = interval == null ? null : new AutoCommit(interval);
    }

    /** A database transaction of the application's, and the member whose offsets are in it. */
    private record Enclosing(Connection connection, String memberId) {
        /** Whoever has closed or lost the connection may not know how the transaction ended, nor whether it has. */
        boolean isOutOfSight() {
            try {
                return connection.isClosed();
            } catch (SQLException unknown) {
                return true;
            }
        }
    }

    /** At the start of a poll: the application has worked on what earlier ones returned. */
    void polled() {
        commits.runCallbacks();
        enclosing = null;
        partitions.forEach(ConsumerPartition::takeHandedOutForCommitted);
        if (autoCommit != null && autoCommit.isDue() && mayCommit()) {
            Map<TopicPartition, OffsetAndMetadata> offsets = uncommitted();
            autoCommit.began(offsets.isEmpty() ? null : inBackground(offsets));
        }
    }

    private Future<?> inBackground(Map<TopicPartition, OffsetAndMetadata> offsets) {
        return commits.begin(committer(), offsets, callTimeout).whenComplete((done, failure) -> {
            if (failure != null) {
                LOGGER.log(Level.WARNING, "an automatic commit of group " + config.groupId() + " failed", failure);
            }
        });
    }

    /** The last automatic commit before partitions go; without it their records are only read again. */
    void beforeLettingGo(Deadline deadline) {
        if (autoCommit == null || !mayCommit()) {
            return;
        }
        Map<TopicPartition, OffsetAndMetadata> offsets = uncommitted();
        if (offsets.isEmpty()) {
            return;
        }
        try {
            commits.await(commits.begin(committer(), offsets, deadline.left()), deadline, false);
        } catch (TidemarkException failure) {
            LOGGER.log(
                    Level.WARNING,
                    "group " + config.groupId() + ": offsets could not be committed before partitions go; whoever gets"
                            + " them reads records again",
                    failure);
        }
    }

    /** Whether a commit has told the application that it has lost its partitions; once. */
    boolean takeSaidThatItIsLost() {
        boolean said = saidThatItIsLost;
        saidThatItIsLost = false;
        return said;
    }

    /** Positions that are not known to be committed. */
    private Map<TopicPartition, OffsetAndMetadata> uncommitted() {
        Map<TopicPartition, OffsetAndMetadata> offsets = new LinkedHashMap<>();
        partitions.forEach(partition -> {
            OffsetAndMetadata offset = partition.uncommitted();
            if (offset != null) {
                offsets.put(partition.topicPartition, offset);
            }
        });
        return Collections.unmodifiableMap(offsets);
    }

    private boolean mayCommit() {
        return !membership.isSubscribed() || membership.state() instanceof MemberState.Member;
    }

    /**
     * As whom to commit; null, as nobody, with partitions assigned by hand.
     *
     * @throws CommitFailedException when this is no member
     */
    private MemberState.@Nullable Member committer() {
        if (!membership.isSubscribed()) {
            return null;
        }
        MemberState state = membership.state();
        if (state instanceof MemberState.Member member) {
            return member;
        }
        if (state instanceof MemberState.Fenced fenced) {
            throw fenced.why();
        }
        if (state instanceof MemberState.Lost lost) {
            saidThatItIsLost = true;
            throw Commits.notCommitted(lost.why());
        }
        throw new CommitFailedException(
                ErrorCode.UNKNOWN_MEMBER_ID,
                "the offsets were not committed: this consumer is not, or not yet, a member of group "
                        + config.groupId() + "; poll makes it one",
                null);
    }

    void sync(Duration timeout) {
        commits.runCallbacks();
        Map<TopicPartition, OffsetAndMetadata> offsets = uncommitted();
        if (isWorthCommitting(offsets)) {
            sync(offsets, timeout);
        }
    }

    /** Nothing read is nothing to commit, as before the first assignment; but who has lost what was read is told so. */
    private boolean isWorthCommitting(Map<TopicPartition, OffsetAndMetadata> offsets) {
        return !offsets.isEmpty() || membership.state() instanceof MemberState.Lost;
    }

    void sync(Map<TopicPartition, OffsetAndMetadata> offsets, Duration timeout) {
        commits.runCallbacks();
        MemberState.Member member = committer();
        if (!offsets.isEmpty()) {
            commits.await(commits.begin(member, Map.copyOf(offsets), timeout), Deadline.in(timeout), true);
            commits.runCallbacks();
        }
    }

    void async(@Nullable Map<TopicPartition, OffsetAndMetadata> offsets, @Nullable OffsetCommitCallback callback) {
        commits.runCallbacks();
        Map<TopicPartition, OffsetAndMetadata> all = offsets == null ? uncommitted() : Map.copyOf(offsets);
        commits.async(committer(), all, callTimeout, callback == null ? (done, failure) -> {} : callback);
    }

    Map<TopicPartition, OffsetAndMetadata> committed(Set<TopicPartition> wanted, Duration timeout) {
        return commits.await(commits.ask(wanted, timeout), Deadline.in(timeout), true);
    }

    ConsumerGroupMetadata metadata() {
        return membership.state() instanceof MemberState.Member member
                ? new ConsumerGroupMetadata(
                        config.groupId(), member.memberId(), member.generationId(), config.instanceId())
                : new ConsumerGroupMetadata(config.groupId(), "", -1, config.instanceId());
    }

    GroupOffsets handOut() {
        requireNoAutoCommit("groupOffsets");
        Map<TopicPartition, OffsetAndMetadata> offsets = uncommitted();
        MemberState.Member member = isWorthCommitting(offsets) ? committer() : null;
        handedOut(offsets);
        return member == null
                ? new GroupOffsets(config.groupId(), "", -1, offsets)
                : new GroupOffsets(
                        config.groupId(), member.memberId(), member.generationId(), commits.nextNumber(), offsets);
    }

    void into(Connection connection) throws SQLException {
        requireNoAutoCommit("commit(connection)");
        Map<TopicPartition, OffsetAndMetadata> offsets = uncommitted();
        if (!isWorthCommitting(offsets)) {
            return;
        }
        MemberState.Member member = committer();
        try {
            jdbc.run(connection, member, offsets);
        } catch (SQLException refusal) {
            TidemarkException known = Failures.ofSql(refusal);
            if (known == null || member == null) {
                throw refusal;
            }
            throw commits.explain(member, known);
        }
        enclosing = member == null ? null : new Enclosing(connection, member.memberId());
        handedOut(offsets);
    }

    /** As whom offsets were put into a database transaction since the last poll, if nobody can tell any more how that ends. */
    @Nullable
    String inDoubt() {
        return enclosing != null && enclosing.isOutOfSight() ? enclosing.memberId() : null;
    }

    private void handedOut(Map<TopicPartition, OffsetAndMetadata> offsets) {
        partitions.forEach(partition -> {
            OffsetAndMetadata offset = offsets.get(partition.topicPartition);
            if (offset != null) {
                partition.handOut(offset.offset());
            }
        });
    }

    private void requireNoAutoCommit(String what) {
        if (autoCommit != null) {
            throw new IllegalStateException(
                    what + " goes with enableAutoCommit(false): else a poll commits what a rollback takes back");
        }
    }
}
