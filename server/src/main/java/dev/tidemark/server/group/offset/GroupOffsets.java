package dev.tidemark.server.group.offset;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.CommitOffsetsRequest;
import dev.tidemark.protocol.api.ResetOffsetsResult;
import dev.tidemark.server.group.GroupLimits;
import dev.tidemark.server.group.GroupNames;
import dev.tidemark.server.log.RecordLog;
import dev.tidemark.server.log.append.Companion;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.topic.Topics;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The door to committed offsets and to the administration of groups. Who may do what is the caller's to check. Thread-safe; methods may block on the database
 * unless they say otherwise, and throw {@link ApiException}.
 */
public final class GroupOffsets implements AutoCloseable {
    /** Room for some 100,000 offsets. */
    private static final long MAX_QUEUED_BYTES = 32 << 20;

    private final GroupCatalogue catalogue;
    private final OffsetResets resets;
    private final GroupRemoval removal;
    private final OffsetCommitter committer;
    private final CommitFunction function;
    private final LagMetrics lag;
    private final GroupTidying tidying;

    /**
     * How long what nobody uses any more is kept.
     *
     * @param groups with their offsets, from when they had neither members nor commits; null: for ever
     * @param history commits that others followed, who was a member, and who owned what; null: for ever
     */
    public record Retention(
            @Nullable Duration groups, @Nullable Duration history) {
        /** Seven days, as Kafka's. */
        public static final Retention DEFAULT = new Retention(Duration.ofDays(7), Duration.ofDays(7));
    }

    /** With the default limits. */
    public GroupOffsets(Database database, Topics topics, RecordLog log, Retention retention, MeterRegistry registry) {
        this(database, topics, log, retention, GroupLimits.DEFAULT, registry);
    }

    /** Starts the thread that commits. The database's schema is up to date. */
    public GroupOffsets(
            Database database,
            Topics topics,
            RecordLog log,
            Retention retention,
            GroupLimits limits,
            MeterRegistry registry) {
        this(database, topics, log, retention, limits, MAX_QUEUED_BYTES, registry);
    }

    GroupOffsets(
            Database database,
            Topics topics,
            RecordLog log,
            Retention retention,
            GroupLimits limits,
            long maxQueuedBytes,
            MeterRegistry registry) {
        this.catalogue = new GroupCatalogue(database);
        this.resets = new OffsetResets(database, topics, log, limits);
        this.removal = new GroupRemoval(database);
        this.committer = new OffsetCommitter(database, limits, maxQueuedBytes, new CommitMetrics(registry));
        this.function = new CommitFunction(database.schemas(), limits);
        this.lag = new LagMetrics(catalogue, registry);
        this.tidying = new GroupTidying(database, log.leaderEpochs(), retention);
    }

    /**
     * Commits all of the request's offsets, or none; does not block. The future completes after COMMIT, on a thread of this class's: who has more to do with it
     * does it elsewhere.
     *
     * @param principal who asks
     * @throws ApiException INVALID_GROUP_ID, INVALID_REQUEST, OFFSET_METADATA_TOO_LARGE, THROTTLING_QUOTA_EXCEEDED, BROKER_NOT_AVAILABLE; nothing was queued
     */
    public CompletableFuture<Void> commit(String group, CommitOffsetsRequest request, String principal) {
        return committer.commit(OffsetCommit.of(group, request, principal));
    }

    /**
     * The commit of all of the request's offsets, or none, as work to take place with an append: safe to be done twice, refused when it is done with the
     * group's own errors, such as UNKNOWN_MEMBER_ID or ILLEGAL_GENERATION. This does not block.
     *
     * @param principal who asks
     * @throws ApiException INVALID_GROUP_ID, INVALID_REQUEST, OFFSET_METADATA_TOO_LARGE
     */
    public Companion commitWithAppend(String group, CommitOffsetsRequest request, String principal) {
        OffsetCommit commit = OffsetCommit.of(group, request, principal);
        return connection -> function.commit(connection, commit);
    }

    /** The offsets that count, by topic and partition; none for a group that does not exist. @param topic null: of all topics */
    public List<CommittedPosition> committed(String group, @Nullable String topic) {
        GroupNames.requireLegalGroup(group);
        return catalogue.committed(group, topic);
    }

    /** All groups, by name. */
    public List<Group> list() {
        return catalogue.list();
    }

    /** @throws ApiException GROUP_ID_NOT_FOUND */
    public GroupDetails describe(String group) {
        GroupNames.requireLegalGroup(group);
        return catalogue.describe(group);
    }

    /** The topics a group has offsets in. @throws ApiException GROUP_ID_NOT_FOUND */
    public Set<String> topics(String group) {
        GroupNames.requireLegalGroup(group);
        catalogue.requireGroup(group);
        return catalogue.committed(group, null).stream()
                .map(CommittedPosition::topic)
                .collect(Collectors.toUnmodifiableSet());
    }

    /**
     * Sets offsets, or says what they would be set to.
     *
     * @throws ApiException GROUP_ID_NOT_FOUND of a group that is to be reset as a whole, NON_EMPTY_GROUP, UNKNOWN_TOPIC_OR_PARTITION, INVALID_REQUEST,
     *     BROKER_NOT_AVAILABLE while an application's own database transaction commits offsets of the group
     */
    public ResetOffsetsResult reset(OffsetReset reset) {
        return resets.reset(reset);
    }

    /** @throws ApiException GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP, BROKER_NOT_AVAILABLE as for {@link #reset} */
    public void delete(String group) {
        GroupNames.requireLegalGroup(group);
        removal.delete(group);
    }

    /** Has the gauges of lag show what is true now, or was some seconds ago. Blocks for a second at most. */
    public void refreshMetrics() {
        lag.refresh();
    }

    /** Deletes what has been kept for long enough, a bounded part of it; for one thread at a time. */
    public void tidy() {
        tidying.round();
    }

    static ApiException unknown(String group) {
        return new ApiException(ErrorCode.GROUP_ID_NOT_FOUND, "there is no group \"" + group + "\"");
    }

    /** Takes no more commits, finishes those it has, and stops. */
    @Override
    public void close() {
        committer.close();
        lag.close();
    }
}
