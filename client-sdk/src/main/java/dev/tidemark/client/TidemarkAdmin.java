package dev.tidemark.client;

import dev.tidemark.protocol.api.AlterTopicRequest;
import dev.tidemark.protocol.api.ClusterDescription;
import dev.tidemark.protocol.api.CreateTopicRequest;
import dev.tidemark.protocol.api.GroupDescription;
import dev.tidemark.protocol.api.GroupList;
import dev.tidemark.protocol.api.GroupSummary;
import dev.tidemark.protocol.api.LeaderEpochDescription;
import dev.tidemark.protocol.api.LeaderEpochRequest;
import dev.tidemark.protocol.api.ResetOffsetsResult;
import dev.tidemark.protocol.api.TopicDescription;
import dev.tidemark.protocol.api.TopicList;
import dev.tidemark.protocol.api.TopicSummary;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Manages topics and consumer groups.
 *
 * <pre>{@code
 * try (TidemarkAdmin admin =
 *         TidemarkAdmin.builder().servers("http://localhost:8080").build()) {
 *     admin.createTopic("invoices", 6, Map.of("key.type", "text", "value.type", "json"));
 *     System.out.println(admin.describeTopic("invoices").partitionCount() + " partitions");
 * }
 * }</pre>
 *
 * <p>Thread-safe. Every method blocks until the server has answered, at most the builder's {@code timeout}, and throws {@link TidemarkException} when the server refuses.
 *
 * <p>What failed in a way that may pass (no connection, a connection that broke, no answer in time, a server that is away or busy) is tried again with backoff until the {@code timeout}; then the last
 * failure is thrown. So a request may be carried out twice when the first answer was lost, as in Kafka's clients. Altering twice is altering once. A topic that a repeated {@link #deleteTopic} no longer finds
 * was deleted. A topic that a repeated {@link #createTopic} finds is taken for the one asked for when it is as asked for, where Kafka's would throw {@link TopicExistsException}. A timeout leaves open
 * whether a change was made.
 */
public final class TidemarkAdmin implements AutoCloseable {
    private final Caller caller;
    private final Offsets offsets;
    private final Duration timeout;
    private volatile boolean closed;

    TidemarkAdmin(ConnectionConfig connection, Duration timeout) {
        this.caller = new Caller(new Transport(connection));
        this.offsets = new Offsets(caller);
        this.timeout = timeout;
    }

    public static AdminBuilder builder() {
        return new AdminBuilder();
    }

    /** Creates a topic with the default configs. @throws TopicExistsException when there is one of that name */
    public TopicDescription createTopic(String name, int partitionCount) {
        return createTopic(name, partitionCount, Map.of());
    }

    /**
     * Creates a topic.
     *
     * @param configs by Kafka's names, such as {@code retention.ms}; those not named have their defaults
     * @throws TopicExistsException when there is one of that name. After a lost answer only when it has another number of partitions or other values of these configs: else nobody can tell it from the
     *     one this call has made, and it is returned, though another may have made it at the same time
     */
    public TopicDescription createTopic(String name, int partitionCount, Map<String, String> configs) {
        requireOpen();
        Deadline deadline = Deadline.in(timeout);
        CreateTopicRequest body = new CreateTopicRequest(name, partitionCount, configs);
        Caller.Call call = caller.new Call(Request.json("POST", "/v1/topics", body), deadline);
        try {
            return call.run().as(TopicDescription.class);
        } catch (TopicExistsException exists) {
            if (!call.mayBeDone()) {
                throw exists;
            }
            TopicDescription found = describeAfter(exists, name, deadline);
            if (found.partitionCount() == partitionCount
                    && found.configs().entrySet().containsAll(configs.entrySet())) {
                return found;
            }
            throw exists;
        }
    }

    private TopicDescription describeAfter(TopicExistsException exists, String name, Deadline deadline) {
        try {
            return offsets.describe(name, deadline.left());
        } catch (TidemarkException failure) {
            exists.addSuppressed(failure);
            throw exists;
        }
    }

    /** All topics, by name. */
    public List<TopicSummary> listTopics() {
        return call(Request.get("/v1/topics")).as(TopicList.class).topics();
    }

    /** A topic's configs, partitions and offsets. @throws UnknownTopicOrPartitionException when there is none */
    public TopicDescription describeTopic(String name) {
        requireOpen();
        return offsets.describe(name, timeout);
    }

    /** Adds partitions so that there are that many; never fewer than now, and as many as now changes nothing. Keys may move to other partitions. */
    public TopicDescription createPartitions(String name, int partitionCount) {
        return call(Request.json("PATCH", Request.topicPath(name), new AlterTopicRequest(partitionCount, null)))
                .as(TopicDescription.class);
    }

    /** Sets configs; a null value goes back to the default. Others stay. */
    public TopicDescription alterConfigs(String name, Map<String, @Nullable String> configs) {
        return call(Request.json("PATCH", Request.topicPath(name), new AlterTopicRequest(null, configs)))
                .as(TopicDescription.class);
    }

    /** Deletes a topic and its records. @throws UnknownTopicOrPartitionException when there is none; not after a lost answer, which is taken for the deletion's */
    public void deleteTopic(String name) {
        requireOpen();
        Caller.Call call = caller.new Call(Request.delete(Request.topicPath(name)), timeout);
        try {
            call.run();
        } catch (UnknownTopicOrPartitionException gone) {
            if (!call.mayBeDone()) {
                throw gone;
            }
        }
    }

    /** Offsets of partitions. */
    public Map<TopicPartition, Long> listOffsets(Map<TopicPartition, OffsetSpec> partitions) {
        requireOpen();
        return offsets.find(partitions, timeout);
    }

    /** All groups, by name. */
    public List<GroupSummary> listGroups() {
        return call(Request.get("/v1/groups")).as(GroupList.class).groups();
    }

    /** A group's members, and its partitions with committed offset, lag and owner. @throws GroupIdNotFoundException when there is none */
    public GroupDescription describeGroup(String groupId) {
        return call(Request.get(Request.groupPath(groupId))).as(GroupDescription.class);
    }

    /** What a group has committed: nothing, where there is no such group. */
    public Map<TopicPartition, OffsetAndMetadata> committedOffsets(String groupId) {
        requireOpen();
        return new GroupRequests(caller, groupId).committed((String) null, timeout);
    }

    /**
     * Moves a group's committed offsets. The group must have no members.
     *
     * @param dryRun whether only to say what would become of them
     * @return each partition's offset before and after
     * @throws GroupNotEmptyException while it has members
     * @throws GroupIdNotFoundException when there is no such group and the reset does not name what to commit
     * @throws RetriableException with {@link OffsetReset#shiftBy} also when only its outcome is unknown: it is not repeated, since it would shift once more
     */
    public ResetOffsetsResult resetOffsets(String groupId, OffsetReset reset, boolean dryRun) {
        requireOpen();
        Request request = Request.json("POST", Request.groupPath(groupId) + "/offsets/reset", reset.request(dryRun));
        Caller.Call call = caller.new Call(request, timeout);
        return (dryRun || reset.isRepeatable() ? call : call.once()).run().as(ResetOffsetsResult.class);
    }

    /**
     * Deletes a group and what it has committed.
     *
     * @throws GroupNotEmptyException while it has members
     * @throws GroupIdNotFoundException when there is none; not after a lost answer, which is taken for the deletion's
     */
    public void deleteGroup(String groupId) {
        requireOpen();
        Caller.Call call = caller.new Call(Request.delete(Request.groupPath(groupId)), timeout);
        try {
            call.run();
        } catch (GroupIdNotFoundException gone) {
            if (!call.mayBeDone()) {
                throw gone;
            }
        }
    }

    public ClusterDescription describeCluster() {
        return call(Request.get("/v1/cluster")).as(ClusterDescription.class);
    }

    /**
     * Begins a new leader epoch: every server forgets what it remembers of the log and asks the database. For after PostgreSQL was put back to an older state that nothing shows, such as a plain copy of
     * its files. Harmless at any other time; a repeated call begins one more.
     *
     * @param reason 1 to 500 characters, kept with the epoch
     * @return the new epoch
     */
    public int bumpLeaderEpoch(String reason) {
        Request request = Request.json("POST", "/v1/cluster/leader-epochs", new LeaderEpochRequest(reason));
        return call(request).as(LeaderEpochDescription.class).leaderEpoch();
    }

    @Override
    public void close() {
        closed = true;
    }

    private Answer call(Request request) {
        requireOpen();
        return caller.call(request, timeout);
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the admin is closed");
        }
    }
}
