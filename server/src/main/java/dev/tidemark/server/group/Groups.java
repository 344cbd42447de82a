package dev.tidemark.server.group;

import static dev.tidemark.schema.tidemark_internal.Tables.CONSUMER_GROUP;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.GroupAssignment;
import dev.tidemark.protocol.api.HeartbeatRequest;
import dev.tidemark.protocol.api.JoinGroupRequest;
import dev.tidemark.server.access.Permission;
import dev.tidemark.server.access.Principal;
import dev.tidemark.server.group.assignor.Assignor;
import dev.tidemark.server.log.epoch.LeaderEpoch;
import dev.tidemark.server.log.epoch.LeaderEpochs;
import dev.tidemark.server.postgres.Database;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;

/**
 * The door to consumer groups: their members, and which partitions these own. Thread-safe; methods may block on the database, and throw {@link ApiException}. Any server may be asked, in any order:
 * what counts lies in the database.
 */
public final class Groups implements AutoCloseable {
    private static final Duration WATCH_EVERY = Duration.ofMillis(250);
    private static final Duration KEEP_EVERY = Duration.ofSeconds(1);

    /** Groups worked at at a time, each with a connection; where there are few of these, half of them. */
    private static final int MOST_AT_A_TIME = 4;

    private final Database database;
    private final LeaderEpochs epochs;
    private final GroupLimits limits;
    private final LongSupplier nanoTime;
    private final GroupMetrics metrics;
    private final GroupMemory memory;
    private final LastHeard lastHeard;
    private final GroupTransactions transactions;
    private final Rounds watch;
    private final Rounds keep;

    /** With the default limits. */
    public Groups(Database database, LeaderEpochs epochs, UUID serverId, MeterRegistry registry) {
        this(database, epochs, serverId, GroupLimits.DEFAULT, registry);
    }

    /** Watches nothing before {@link #start}. */
    public Groups(Database database, LeaderEpochs epochs, UUID serverId, GroupLimits limits, MeterRegistry registry) {
        this(database, epochs, serverId, limits, registry, System::nanoTime);
    }

    Groups(
            Database database,
            LeaderEpochs epochs,
            UUID serverId,
            GroupLimits limits,
            MeterRegistry registry,
            LongSupplier nanoTime) {
        this.database = database;
        this.epochs = epochs;
        this.limits = limits;
        this.nanoTime = nanoTime;
        this.metrics = new GroupMetrics(registry);
        this.memory = new GroupMemory(nanoTime, () -> epochs.current().number());
        this.lastHeard = new LastHeard(nanoTime);
        this.transactions = new GroupTransactions(
                database,
                memory,
                new GroupTurns(Math.max(1, Math.min(MOST_AT_A_TIME, database.poolSize() / 2))),
                limits,
                metrics,
                nanoTime);
        GroupKeeper keeper = new GroupKeeper(database, epochs, transactions, lastHeard, serverId, nanoTime);
        metrics.watch(keeper.roster()::groupCount, keeper.roster()::memberCount);
        this.watch = new Rounds("group-watch", WATCH_EVERY, this::confirm, metrics);
        this.keep = new Rounds("group-keeper", KEEP_EVERY, keeper::round, metrics);
    }

    /** Begins to watch over members; whom this server hears is to go with its beats from now on. Once. */
    public void start() {
        watch.start();
        keep.start();
    }

    /**
     * Makes somebody a member, or changes what it asks for.
     *
     * @param request without a member id, one is drawn
     * @throws ApiException INVALID_GROUP_ID, INVALID_SESSION_TIMEOUT, INVALID_REQUEST, TOPIC_AUTHORIZATION_FAILED for a topic it may not read, GROUP_AUTHORIZATION_FAILED for another principal's
     *     member, UNKNOWN_MEMBER_ID or FENCED_INSTANCE_ID for an id that is used up, GROUP_MAX_SIZE_REACHED, THROTTLING_QUOTA_EXCEEDED for a group too many, BROKER_NOT_AVAILABLE
     */
    public GroupAssignment join(String group, JoinGroupRequest request, Principal principal) {
        GroupNames.requireLegalGroup(group);
        GroupMember asked = asked(request, principal);
        GroupState state = transactions.changeOrMake(
                group,
                principal.name(),
                (now, rows) -> Decision.join(now, asked, limits.maxMembers(), id -> rows.past(now.groupId(), id)));
        return answer(state, asked.memberId());
    }

    private static GroupMember asked(JoinGroupRequest request, Principal principal) {
        String memberId = request.memberId() == null ? UUID.randomUUID().toString() : request.memberId();
        GroupNames.requireLegal("member_id", memberId);
        requireLegal("group_instance_id", request.groupInstanceId());
        requireLegal("client_id", request.clientId());
        Subscription subscription = Subscription.requested(request.topics(), request.pattern());
        if (subscription.topics() != null) {
            subscription.topics().forEach(topic -> principal.require(Permission.READ, topic));
        }
        return new GroupMember(
                GroupMember.NO_NUMBER,
                memberId,
                request.groupInstanceId(),
                request.clientId(),
                principal.name(),
                principal.scope(Permission.READ),
                subscription,
                assignor(request.assignor()),
                Timeouts.requested(
                        request.sessionTimeoutMs(), request.rebalanceTimeoutMs(), request.heartbeatIntervalMs()),
                Set.of(),
                false);
    }

    private static void requireLegal(String what, @Nullable String name) {
        if (name != null) {
            GroupNames.requireLegal(what, name);
        }
    }

    private static Assignor assignor(@Nullable String name) {
        if (name == null) {
            return Assignor.STICKY;
        }
        return Assignor.byConfigName(name)
                .orElseThrow(() -> new ApiException(
                        ErrorCode.INVALID_REQUEST,
                        "\"assignor\" must be one of "
                                + Arrays.stream(Assignor.values())
                                        .map(Assignor::configName)
                                        .collect(Collectors.joining(", "))
                                + ", not \"" + GroupNames.shown(name) + "\""));
    }

    /**
     * Takes note of what a member reads, and tells it what it may read. Where there is no news this is answered from memory.
     *
     * @throws ApiException GROUP_ID_NOT_FOUND, UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, GROUP_AUTHORIZATION_FAILED, ILLEGAL_GENERATION, BROKER_NOT_AVAILABLE
     */
    public GroupAssignment heartbeat(String group, String memberId, HeartbeatRequest request, Principal principal) {
        GroupNames.requireLegalGroup(group);
        Decision.HeartbeatOf heartbeat = new Decision.HeartbeatOf(
                memberId,
                request.generationId(),
                Set.copyOf(request.owned()),
                request.groupInstanceId(),
                principal.name(),
                principal.scope(Permission.READ));
        hear(memory.stale(group), heartbeat);
        GroupState fresh = memory.fresh(group);
        if (fresh != null && isNoNews(fresh, heartbeat)) {
            metrics.heartbeat(true);
            return answer(fresh, memberId);
        }
        metrics.heartbeat(false);
        GroupState read = fresh == null ? transactions.read(group, principal.name()) : fresh;
        if (read != null && isNoNews(read, heartbeat)) {
            return answer(read, memberId);
        }
        return answer(changed(group, heartbeat), memberId);
    }

    /** What it is told now does not count; that it is there does, also while the database is away. */
    private void hear(@Nullable GroupState known, Decision.HeartbeatOf heartbeat) {
        GroupMember member = known == null ? null : known.member(heartbeat.memberId());
        if (member != null && member.principal().equals(heartbeat.principal())) {
            lastHeard.heard(member.memberNo());
        }
    }

    private static boolean isNoNews(GroupState state, Decision.HeartbeatOf heartbeat) {
        GroupMember member = state.member(heartbeat.memberId());
        return member != null
                && member.principal().equals(heartbeat.principal())
                && heartbeat.generation() <= state.generation()
                && Decision.isNoNews(state, member, heartbeat);
    }

    private GroupState changed(String group, Decision.HeartbeatOf heartbeat) {
        return transactions.change(
                group,
                heartbeat.principal(),
                (now, rows) -> Decision.heartbeat(now, heartbeat, id -> rows.past(now.groupId(), id)));
    }

    private GroupAssignment answer(GroupState state, String memberId) {
        GroupMember member = state.member(memberId);
        if (member == null) {
            throw new IllegalStateException("a member was lost between its change and the answer");
        }
        lastHeard.heard(member.memberNo());
        return state.answer(member);
    }

    /**
     * Makes somebody a member no more. One that has left is no error, as long as it is remembered.
     *
     * @throws ApiException GROUP_ID_NOT_FOUND, UNKNOWN_MEMBER_ID, GROUP_AUTHORIZATION_FAILED, BROKER_NOT_AVAILABLE
     */
    public void leave(String group, String memberId, Principal principal) {
        GroupNames.requireLegalGroup(group);
        transactions.change(
                group,
                principal.name(),
                (now, rows) -> Decision.leave(now, memberId, principal.name(), id -> rows.past(now.groupId(), id)));
    }

    /** Whom this server has heard; see {@link LastHeard}. */
    public Hearsay hearsay() {
        return new Hearsay(lastHeard);
    }

    /** Four times a second: whether what is remembered is still so. */
    private void confirm() {
        Set<Integer> groupIds = memory.groupIds();
        if (groupIds.isEmpty()) {
            return;
        }
        epochs.inCurrent(epoch -> {
            long asOf = nanoTime.getAsLong();
            memory.confirm(versions(epoch, groupIds), groupIds, epoch.number(), asOf);
            return epoch;
        });
    }

    private Map<Integer, Long> versions(LeaderEpoch epoch, Set<Integer> groupIds) {
        return database.query(jooq -> jooq.select(CONSUMER_GROUP.GROUP_ID, CONSUMER_GROUP.STATE_VERSION)
                .from(CONSUMER_GROUP)
                .where(CONSUMER_GROUP.GROUP_ID.eq(DSL.any(groupIds.toArray(Integer[]::new))))
                .and(CONSUMER_GROUP.DELETED_AT.isNull())
                .and(epoch.required())
                .fetchMap(CONSUMER_GROUP.GROUP_ID, CONSUMER_GROUP.STATE_VERSION));
    }

    @Override
    public void close() {
        watch.close();
        keep.close();
    }
}
