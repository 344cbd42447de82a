package dev.tidemark.server.group;

import dev.tidemark.protocol.api.GroupAssignment;
import dev.tidemark.protocol.api.PartitionName;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A group as its rows have it at one moment: members, their targets, and who owns which partition. Immutable; changes make another one.
 *
 * <p>Partitions are ids. One that is no longer there, for its topic was deleted, has no name: nobody can be told of it, nor name it.
 */
final class GroupState {
    /** How soon a member is to ask again that waits for a partition, or has to let go of one, ms. */
    private static final int SHORT_INTERVAL_MS = 250;

    private final int groupId;
    private final String name;
    private final int generation;
    private final long version;
    private final Map<String, GroupMember> members;
    private final Map<Integer, String> owners;
    private final Map<Integer, PartitionName> names;
    private final Map<String, Set<Integer>> owned = new HashMap<>();

    /**
     * @param version another one whenever rows have changed
     * @param members by member id
     * @param owners by partition id; what nobody owns is not there
     * @param names by partition id
     */
    GroupState(
            int groupId,
            String name,
            int generation,
            long version,
            Map<String, GroupMember> members,
            Map<Integer, String> owners,
            Map<Integer, PartitionName> names) {
        this.groupId = groupId;
        this.name = name;
        this.generation = generation;
        this.version = version;
        this.members = Map.copyOf(members);
        this.owners = Map.copyOf(owners);
        this.names = Map.copyOf(names);
        owners.forEach((partition, owner) ->
                owned.computeIfAbsent(owner, any -> new HashSet<>()).add(partition));
    }

    int groupId() {
        return groupId;
    }

    String name() {
        return name;
    }

    int generation() {
        return generation;
    }

    long version() {
        return version;
    }

    Collection<GroupMember> members() {
        return members.values();
    }

    @Nullable
    GroupMember member(String memberId) {
        return members.get(memberId);
    }

    @Nullable
    GroupMember memberOfInstance(String groupInstanceId) {
        return members.values().stream()
                .filter(member -> groupInstanceId.equals(member.groupInstanceId()))
                .findFirst()
                .orElse(null);
    }

    /** By partition id. */
    Map<Integer, String> owners() {
        return owners;
    }

    @Nullable
    PartitionName nameOf(int partition) {
        return names.get(partition);
    }

    /** Whether somebody owns it who is still a member. */
    boolean isOwnedByMember(int partition) {
        String owner = owners.get(partition);
        return owner != null && members.containsKey(owner);
    }

    Set<Integer> ownedBy(String memberId) {
        return owned.getOrDefault(memberId, Set.of());
    }

    /** What it owns and must let go of. */
    Set<Integer> toLetGo(GroupMember member) {
        return ownedBy(member.memberId()).stream()
                .filter(partition -> !member.target().contains(partition))
                .collect(Collectors.toUnmodifiableSet());
    }

    /** Of what it must let go of, that which it does not name. */
    Set<Integer> letGo(GroupMember member, Set<PartitionName> named) {
        return toLetGo(member).stream()
                .filter(partition -> {
                    PartitionName partitionName = names.get(partition);
                    return partitionName == null || !named.contains(partitionName);
                })
                .collect(Collectors.toUnmodifiableSet());
    }

    /** Whether it names something in its target that is not its own here: then somebody has given it that since, and has told it. */
    boolean namesWhatIsNotYetItsOwn(GroupMember member, Set<PartitionName> named) {
        Set<Integer> own = ownedBy(member.memberId());
        return member.target().stream()
                .filter(partition -> !own.contains(partition))
                .map(names::get)
                .anyMatch(partition -> partition != null && named.contains(partition));
    }

    /** Whether something is in its target that no member owns. */
    boolean canGive(GroupMember member) {
        return member.target().stream().anyMatch(partition -> !isOwnedByMember(partition));
    }

    /** What the member is told. */
    GroupAssignment answer(GroupMember member) {
        Set<Integer> own = ownedBy(member.memberId());
        List<PartitionName> assigned = named(member.target().stream().filter(own::contains));
        List<PartitionName> pending = named(member.target().stream().filter(partition -> !own.contains(partition)));
        boolean isSettled = pending.isEmpty() && own.size() == assigned.size();
        int usual = member.timeouts().heartbeatIntervalMs();
        return new GroupAssignment(
                member.memberId(),
                generation,
                assigned,
                pending,
                isSettled ? usual : Math.min(usual, SHORT_INTERVAL_MS));
    }

    private List<PartitionName> named(Stream<Integer> partitions) {
        return partitions
                .map(names::get)
                .filter(partition -> partition != null)
                .sorted(Comparator.comparing(PartitionName::topic).thenComparingInt(PartitionName::partition))
                .toList();
    }

    /** With a member that is new, or another than it was. */
    GroupState with(GroupMember member) {
        Map<String, GroupMember> changed = new HashMap<>(members);
        changed.put(member.memberId(), member);
        return new GroupState(groupId, name, generation, version, changed, owners, names);
    }

    /** What it owned stays so until it is moved. */
    GroupState without(String memberId) {
        Map<String, GroupMember> changed = new HashMap<>(members);
        changed.remove(memberId);
        return new GroupState(groupId, name, generation, version, changed, owners, names);
    }

    /** In the next generation, with other targets. */
    GroupState inNextGeneration(Map<String, Set<Integer>> targets, Map<Integer, PartitionName> moreNames) {
        Map<String, GroupMember> changed = new HashMap<>();
        members.forEach((id, member) -> changed.put(id, member.withTarget(targets.getOrDefault(id, Set.of()))));
        Map<Integer, PartitionName> allNames = new HashMap<>(names);
        allNames.putAll(moreNames);
        return new GroupState(groupId, name, generation + 1, version, changed, owners, allNames);
    }

    Map<String, Set<Integer>> targets() {
        return members.values().stream().collect(Collectors.toMap(GroupMember::memberId, GroupMember::target));
    }

    /** What is to change hands: each partition with its next owner, or null where it is to be free. Whoever is gone owns nothing, nor is anything kept free that is in a target. */
    Map<Integer, @Nullable String> moves(Set<Integer> letGo) {
        Map<Integer, String> targetOf = new HashMap<>();
        members.values()
                .forEach(member -> member.target().forEach(partition -> targetOf.put(partition, member.memberId())));
        Map<Integer, @Nullable String> moves = new LinkedHashMap<>();
        targetOf.forEach((partition, member) -> {
            if (!isOwnedByMember(partition)) {
                moves.put(partition, member);
            }
        });
        owners.forEach((partition, owner) -> {
            if (letGo.contains(partition) || !members.containsKey(owner)) {
                moves.put(partition, targetOf.get(partition));
            }
        });
        return moves;
    }

    /** After those of the moves that took place. */
    GroupState moved(Map<Integer, @Nullable String> moves, Set<Integer> tookPlace) {
        Map<Integer, String> changed = new HashMap<>(owners);
        for (int partition : tookPlace) {
            String owner = moves.get(partition);
            if (owner == null) {
                changed.remove(partition);
            } else {
                changed.put(partition, owner);
            }
        }
        return new GroupState(groupId, name, generation, version, members, changed, names);
    }
}
