package dev.tidemark.client;

import dev.tidemark.protocol.api.CommitOffsetsRequest;
import dev.tidemark.protocol.api.CommittedOffset;
import dev.tidemark.protocol.api.CommittedOffsets;
import dev.tidemark.protocol.api.GroupAssignment;
import dev.tidemark.protocol.api.HeartbeatRequest;
import dev.tidemark.protocol.api.JoinGroupRequest;
import dev.tidemark.protocol.api.OffsetToCommit;
import dev.tidemark.protocol.api.PartitionName;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The requests about one group, in the words of the protocol. Thread-safe. */
final class GroupRequests {
    private final Caller caller;
    private final String groupId;

    GroupRequests(Caller caller, String groupId) {
        this.caller = caller;
        this.groupId = groupId;
    }

    /** Joins, or changes what a member has joined with. */
    static Request join(GroupConfig config, String memberId, Subscription subscription) {
        JoinGroupRequest body = new JoinGroupRequest(
                memberId,
                subscription.topicNames(),
                subscription.pattern(),
                config.instanceId(),
                config.clientId(),
                config.assignor().wireName(),
                (int) config.sessionTimeout().toMillis(),
                (int) config.rebalanceTimeout().toMillis(),
                (int) config.heartbeatInterval().toMillis());
        return Request.json("POST", Request.groupPath(config.groupId()) + "/members", body);
    }

    /** @param owned what the member reads right now */
    static Request heartbeat(GroupConfig config, String memberId, int generationId, Set<TopicPartition> owned) {
        List<PartitionName> names = owned.stream()
                .map(partition -> new PartitionName(partition.topic(), partition.partition()))
                .toList();
        HeartbeatRequest body = new HeartbeatRequest(generationId, names, config.instanceId());
        return Request.json("POST", memberPath(config.groupId(), memberId) + "/heartbeat", body);
    }

    static Request leave(GroupConfig config, String memberId) {
        return Request.delete(memberPath(config.groupId(), memberId));
    }

    private static String memberPath(String groupId, String memberId) {
        return Request.groupPath(groupId) + "/members/" + Request.encode(memberId);
    }

    static Set<TopicPartition> partitions(GroupAssignment answer) {
        return answer.assignments().stream()
                .map(name -> new TopicPartition(name.topic(), name.partition()))
                .collect(Collectors.toUnmodifiableSet());
    }

    /** What the group has committed in these partitions; without those in which it has nothing. */
    Map<TopicPartition, OffsetAndMetadata> committed(Collection<TopicPartition> partitions, Duration timeout) {
        Set<TopicPartition> wanted = new HashSet<>(partitions);
        Map<TopicPartition, OffsetAndMetadata> found = committed(onlyTopic(wanted), timeout);
        found.keySet().retainAll(wanted);
        return found;
    }

    /** What the group has committed: nothing, where there is no such group. @param topic null: in all topics */
    Map<TopicPartition, OffsetAndMetadata> committed(@Nullable String topic, Duration timeout) {
        String query = topic == null ? "" : "?topic=" + Request.encode(topic);
        CommittedOffsets answer =
                caller.call(Request.get(offsetsPath() + query), timeout).as(CommittedOffsets.class);
        Map<TopicPartition, OffsetAndMetadata> found = new LinkedHashMap<>();
        answer.offsets().forEach(one -> found.put(new TopicPartition(one.topic(), one.partition()), offsetOf(one)));
        return found;
    }

    private static @Nullable String onlyTopic(Set<TopicPartition> partitions) {
        Set<String> topics = partitions.stream().map(TopicPartition::topic).collect(Collectors.toSet());
        return topics.size() == 1 ? topics.iterator().next() : null;
    }

    private static OffsetAndMetadata offsetOf(CommittedOffset committed) {
        String metadata = committed.metadata();
        return new OffsetAndMetadata(
                committed.committedOffset(), committed.leaderEpoch(), metadata == null ? "" : metadata);
    }

    /**
     * Commits all, or none; of more than a request may have, one request's after the other, up to the first that is refused.
     *
     * @param member null: none, while the group has no members
     * @param commitNumber one that is greater than those of the member's earlier commits; null without a member
     */
    void commit(
            MemberState.@Nullable Member member,
            @Nullable Long commitNumber,
            Map<TopicPartition, OffsetAndMetadata> offsets,
            Duration timeout) {
        Deadline deadline = Deadline.in(timeout);
        List<OffsetToCommit> all = CommitBody.offsets(offsets);
        for (int from = 0; from < all.size(); from += CommitOffsetsRequest.MAX_OFFSETS) {
            int to = Math.min(all.size(), from + CommitOffsetsRequest.MAX_OFFSETS);
            commit(member, commitNumber, all.subList(from, to), deadline.left());
        }
    }

    private void commit(
            MemberState.@Nullable Member member,
            @Nullable Long commitNumber,
            List<OffsetToCommit> some,
            Duration timeout) {
        CommitOffsetsRequest body = member == null
                ? new CommitOffsetsRequest(null, null, commitNumber, some)
                : new CommitOffsetsRequest(member.memberId(), member.generationId(), commitNumber, some);
        caller.call(Request.json("POST", offsetsPath(), body), timeout);
    }

    private String offsetsPath() {
        return Request.groupPath(groupId) + "/offsets";
    }
}
