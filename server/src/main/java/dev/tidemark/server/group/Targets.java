package dev.tidemark.server.group;

import dev.tidemark.protocol.api.PartitionName;
import dev.tidemark.server.access.TopicScope;
import dev.tidemark.server.group.assignor.Assignor;
import dev.tidemark.server.group.assignor.Subscriber;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** Who is to own what, by the assignor most members ask for. Pure. */
final class Targets {
    private record Reading(Subscription subscription, TopicScope readable) {}

    private Targets() {}

    /**
     * The group with targets that fit its members and the topics there are: in its next generation, or as it is where they do already.
     *
     * @param membersChanged whether it is the next generation anyway
     * @param catalogue all topics its members subscribe to
     */
    static GroupState fitted(GroupState state, boolean membersChanged, TopicCatalogue catalogue) {
        Map<String, List<PartitionName>> assigned = assigned(state, catalogue);
        Map<String, Set<Integer>> targets = new HashMap<>();
        Map<Integer, PartitionName> names = new HashMap<>();
        assigned.forEach((member, partitions) -> {
            Set<Integer> ids = new HashSet<>();
            for (PartitionName partition : partitions) {
                int id = catalogue.id(partition);
                ids.add(id);
                names.put(id, partition);
            }
            targets.put(member, ids);
        });
        return membersChanged || !targets.equals(state.targets()) ? state.inNextGeneration(targets, names) : state;
    }

    private static Map<String, List<PartitionName>> assigned(GroupState state, TopicCatalogue catalogue) {
        if (state.members().isEmpty()) {
            return Map.of();
        }
        Map<Reading, Set<String>> found = new HashMap<>();
        Set<String> topics = new HashSet<>();
        List<Subscriber> subscribers = new ArrayList<>();
        for (GroupMember member : state.members()) {
            // Members mostly ask for the same, and to match a pattern against all topics is work.
            Set<String> own = found.computeIfAbsent(
                    new Reading(member.subscription(), member.readable()),
                    reading -> reading.subscription().among(catalogue.topics(), reading.readable()));
            topics.addAll(own);
            subscribers.add(new Subscriber(
                    member.memberId(), member.groupInstanceId(), own, targetOf(member, state, catalogue)));
        }
        List<Assignor> wishes =
                state.members().stream().map(GroupMember::assignor).toList();
        return Assignor.preferredBy(wishes).assign(subscribers, catalogue.partitionCounts(topics));
    }

    /** Without what is of a topic that was deleted, and maybe made again. */
    private static List<PartitionName> targetOf(GroupMember member, GroupState state, TopicCatalogue catalogue) {
        return member.target().stream()
                .filter(id -> catalogue.has(id, state.nameOf(id)))
                .map(state::nameOf)
                .map(Objects::requireNonNull)
                .toList();
    }
}
