package dev.tidemark.server.group.assignor;

import dev.tidemark.protocol.api.PartitionName;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.stream.IntStream;

/**
 * How partitions are shared out, by the names Kafka's consumers know. Each partition of a topic that somebody subscribes to goes to exactly one of its subscribers; the same input gives the same
 * assignment, whatever order it comes in.
 */
public enum Assignor {
    /** As even as can be over all topics together, and moves no partition that evenness does not ask for. */
    STICKY("sticky", (members, topics) -> new StickyAssignment(members, topics).run()),

    /** Topic by topic: to each subscriber a run of partitions. The same partition number of several topics goes to the same member where these have the same subscribers. */
    RANGE("range", RangeAssignment::of),

    /** All partitions in order, one to each subscriber in turn. */
    ROUND_ROBIN("roundrobin", RoundRobinAssignment::of);

    private final String configName;
    private final BiFunction<List<Subscriber>, Map<String, Integer>, Map<String, List<PartitionName>>> way;

    Assignor(
            String configName,
            BiFunction<List<Subscriber>, Map<String, Integer>, Map<String, List<PartitionName>>> way) {
        this.configName = configName;
        this.way = way;
    }

    /** What clients call it. */
    public String configName() {
        return configName;
    }

    public static Optional<Assignor> byConfigName(String name) {
        return Arrays.stream(values())
                .filter(assignor -> assignor.configName.equals(name))
                .findFirst();
    }

    /** The one most members ask for; of several, the first as declared here. */
    public static Assignor preferredBy(Collection<Assignor> wishes) {
        return Arrays.stream(values())
                .max(Comparator.<Assignor>comparingLong(assignor ->
                                wishes.stream().filter(assignor::equals).count())
                        .thenComparing(Comparator.reverseOrder()))
                .orElseThrow();
    }

    /**
     * Shares out.
     *
     * @param topics partition counts of the topics there are
     * @return for each member its partitions, ordered by topic and number; an empty list for one that gets none
     */
    public Map<String, List<PartitionName>> assign(Collection<Subscriber> members, Map<String, Integer> topics) {
        List<Subscriber> ordered = members.stream()
                .sorted(Comparator.comparing(Subscriber::sortKey).thenComparing(Subscriber::memberId))
                .toList();
        Map<String, List<PartitionName>> assigned = way.apply(ordered, new TreeMap<>(topics));
        assigned.values()
                .forEach(partitions -> partitions.sort(
                        Comparator.comparing(PartitionName::topic).thenComparingInt(PartitionName::partition)));
        return assigned;
    }

    static Map<String, List<PartitionName>> nothing(List<Subscriber> members) {
        Map<String, List<PartitionName>> assigned = new LinkedHashMap<>();
        members.forEach(member -> assigned.put(member.memberId(), new ArrayList<>()));
        return assigned;
    }

    static void give(
            Map<String, List<PartitionName>> assigned, Subscriber member, Collection<PartitionName> partitions) {
        assigned.computeIfAbsent(member.memberId(), any -> new ArrayList<>()).addAll(partitions);
    }

    static List<Subscriber> subscribersOf(String topic, List<Subscriber> members) {
        return members.stream()
                .filter(member -> member.topics().contains(topic))
                .toList();
    }

    static List<PartitionName> partitionsOf(String topic, int count) {
        return IntStream.range(0, count)
                .mapToObj(partition -> new PartitionName(topic, partition))
                .toList();
    }
}
