package dev.tidemark.server.group.assignor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.protocol.api.PartitionName;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AssignorTest {
    private static final int ROUNDS = 300;

    @ParameterizedTest
    @EnumSource
    void everyPartitionOfASubscribedTopicGoesToExactlyOneOfItsSubscribers(Assignor assignor) {
        Random random = new Random(7);
        for (int round = 0; round < ROUNDS; round++) {
            Group group = Group.random(random);
            for (int step = 0; step < 4; step++) {
                group.assign(assignor);
                assertThat(group.assigned()).as("round %s", round).containsExactlyInAnyOrderElementsOf(group.wanted());
                group.targets.forEach((member, partitions) -> assertThat(partitions)
                        .extracting(PartitionName::topic)
                        .isSubsetOf(group.subscriptions.get(member)));
                group.change(random);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void theOrderOfMembersDoesNotMatter(Assignor assignor) {
        Random random = new Random(8);
        for (int round = 0; round < ROUNDS; round++) {
            Group group = Group.random(random);
            List<Subscriber> members = new ArrayList<>(group.subscribers());
            Map<String, List<PartitionName>> one = assignor.assign(members, group.topics);
            Collections.shuffle(members, random);
            assertThat(assignor.assign(members, group.topics)).isEqualTo(one);
        }
    }

    @Test
    void stickyIsAsEvenAsSubscriptionsAllow() {
        Random random = new Random(9);
        for (int round = 0; round < ROUNDS; round++) {
            Group group = Group.random(random);
            for (int step = 0; step < 4; step++) {
                group.assign(Assignor.STICKY);
                assertThat(group.loads()).as("round %s", round).isEqualTo(evenest(group));
                group.change(random);
            }
        }
    }

    @Test
    void stickyMovesNoMoreThanEvennessAsksForWhenAllSubscribeToTheSame() {
        Random random = new Random(10);
        for (int round = 0; round < ROUNDS; round++) {
            Group group = Group.uniform(random);
            group.assign(Assignor.STICKY);
            for (int step = 0; step < 4; step++) {
                Map<String, List<PartitionName>> before = group.targets;
                group.changeMembers(random);
                int leastMoved = leastMoved(before, group);
                group.assign(Assignor.STICKY);
                assertThat(moved(before, group.targets)).as("round %s", round).isEqualTo(leastMoved);
            }
        }
    }

    @Test
    void stickyKeepsEverythingWhenNothingHasChanged() {
        Random random = new Random(11);
        for (int round = 0; round < ROUNDS; round++) {
            Group group = Group.random(random);
            group.assign(Assignor.STICKY);
            Map<String, List<PartitionName>> before = group.targets;
            group.assign(Assignor.STICKY);
            assertThat(group.targets).isEqualTo(before);
        }
    }

    @Test
    void stickyEvensOutOverMembersInBetween() {
        // c can have nothing of a's directly; b gives its own away to c and takes one of a's.
        Map<String, Integer> topics = Map.of("one", 2, "two", 1);
        Subscriber a = new Subscriber(
                "a", null, Set.of("one"), List.of(new PartitionName("one", 0), new PartitionName("one", 1)));
        Subscriber b = new Subscriber("b", null, Set.of("one", "two"), List.of(new PartitionName("two", 0)));
        Subscriber c = new Subscriber("c", null, Set.of("two"), List.of());
        assertThat(Assignor.STICKY.assign(List.of(a, b, c), topics).values())
                .allSatisfy(partitions -> assertThat(partitions).hasSize(1));
    }

    @Test
    void rangeGivesTheSameNumbersOfSeveralTopicsToTheSameMember() {
        Map<String, List<PartitionName>> assigned = Assignor.RANGE.assign(
                List.of(subscriber("a", "x", "y"), subscriber("b", "x", "y")), Map.of("x", 3, "y", 3));
        assertThat(assigned.get("a"))
                .extracting(PartitionName::toString)
                .isEqualTo(names("x", 0, "x", 1, "y", 0, "y", 1));
        assertThat(assigned.get("b")).extracting(PartitionName::toString).isEqualTo(names("x", 2, "y", 2));
    }

    @Test
    void roundRobinTakesTurnsOverAllTopics() {
        Map<String, List<PartitionName>> assigned = Assignor.ROUND_ROBIN.assign(
                List.of(subscriber("a", "x", "y"), subscriber("b", "x", "y")), Map.of("x", 3, "y", 3));
        assertThat(assigned.get("a")).extracting(PartitionName::toString).isEqualTo(names("x", 0, "x", 2, "y", 1));
        assertThat(assigned.get("b")).extracting(PartitionName::toString).isEqualTo(names("x", 1, "y", 0, "y", 2));
    }

    @ParameterizedTest
    @EnumSource
    void aStaticMemberKeepsItsPlaceUnderAnotherId(Assignor assignor) {
        Subscriber other = subscriber("m", "x");
        Subscriber before = new Subscriber("a-first-id", "instance-1", Set.of("x"), List.of());
        Subscriber after = new Subscriber("z-second-id", "instance-1", Set.of("x"), List.of());
        assertThat(assignor.assign(List.of(other, after), Map.of("x", 5)).get("z-second-id"))
                .isEqualTo(
                        assignor.assign(List.of(other, before), Map.of("x", 5)).get("a-first-id"));
    }

    @Test
    void stickySharesOutTenThousandPartitionsAmongAThousandMembers() {
        List<Subscriber> members = IntStream.range(0, 1000)
                .mapToObj(n -> subscriber("member-" + n, "x"))
                .toList();
        assertThat(Assignor.STICKY.assign(members, Map.of("x", 10_000)).values())
                .allSatisfy(partitions -> assertThat(partitions).hasSize(10));
    }

    @Test
    void theGroupUsesWhatMostMembersAskFor() {
        assertThat(Assignor.preferredBy(List.of(Assignor.RANGE, Assignor.STICKY, Assignor.RANGE)))
                .isEqualTo(Assignor.RANGE);
        assertThat(Assignor.preferredBy(List.of(Assignor.RANGE, Assignor.STICKY)))
                .isEqualTo(Assignor.STICKY);
        assertThat(Assignor.byConfigName("roundrobin")).contains(Assignor.ROUND_ROBIN);
        assertThat(Assignor.byConfigName("fair")).isEmpty();
    }

    private static Subscriber subscriber(String id, String... topics) {
        return new Subscriber(id, null, Set.of(topics), List.of());
    }

    private static List<String> names(Object... topicsAndNumbers) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < topicsAndNumbers.length; i += 2) {
            names.add(new PartitionName((String) topicsAndNumbers[i], (int) topicsAndNumbers[i + 1]).toString());
        }
        return names;
    }

    /** Partitions whose member is another than before, those whose member is gone not counted. */
    private static int moved(Map<String, List<PartitionName>> before, Map<String, List<PartitionName>> after) {
        int moved = 0;
        for (Map.Entry<String, List<PartitionName>> entry : before.entrySet()) {
            List<PartitionName> now = after.get(entry.getKey());
            if (now != null) {
                moved += (int)
                        entry.getValue().stream().filter(p -> !now.contains(p)).count();
            }
        }
        return moved;
    }

    /** With equal subscriptions: what members have above the even share, as many as can be keeping the larger share. */
    private static int leastMoved(Map<String, List<PartitionName>> before, Group group) {
        int members = group.subscriptions.size();
        int all = group.wanted().size();
        int larger = all % members;
        List<Integer> loads = group.subscriptions.keySet().stream()
                .map(member -> before.getOrDefault(member, List.of()).size())
                .sorted(Collections.reverseOrder())
                .toList();
        int moved = 0;
        for (int i = 0; i < members; i++) {
            moved += Math.max(0, loads.get(i) - all / members - (i < larger ? 1 : 0));
        }
        return moved;
    }

    /** The loads of an assignment that no exchange can make more even, from scratch by another way: each partition in turn over an augmenting path from the lightest member that can be reached. */
    private static List<Integer> evenest(Group group) {
        Map<PartitionName, String> owner = new HashMap<>();
        Map<String, Integer> loads = new TreeMap<>();
        group.subscriptions.keySet().forEach(member -> loads.put(member, 0));
        for (PartitionName partition : group.wanted()) {
            Map<String, PartitionName> via = new HashMap<>();
            List<PartitionName> open = new ArrayList<>(List.of(partition));
            String lightest = null;
            for (int i = 0; i < open.size(); i++) {
                for (Map.Entry<String, Set<String>> member : group.subscriptions.entrySet()) {
                    String id = member.getKey();
                    if (member.getValue().contains(open.get(i).topic()) && !via.containsKey(id)) {
                        via.put(id, open.get(i));
                        owner.forEach((p, o) -> {
                            if (o.equals(id)) {
                                open.add(p);
                            }
                        });
                        if (lightest == null || loads.get(id) < loads.get(lightest)) {
                            lightest = id;
                        }
                    }
                }
            }
            loads.merge(lightest, 1, Integer::sum);
            for (String taker = lightest; taker != null; ) {
                PartitionName taken = via.get(taker);
                String giver = owner.put(taken, taker);
                taker = taken.equals(partition) ? null : giver;
            }
        }
        return loads.values().stream().sorted().toList();
    }

    /** A group that changes. */
    private static final class Group {
        private final Map<String, Integer> topics = new TreeMap<>();
        private final Map<String, Set<String>> subscriptions = new TreeMap<>();
        private Map<String, List<PartitionName>> targets = new HashMap<>();
        private int lastMember;

        static Group random(Random random) {
            Group group = new Group();
            for (int i = 0; i <= random.nextInt(4); i++) {
                group.topics.put("topic-" + i, random.nextInt(9));
            }
            for (int i = 0; i <= random.nextInt(6); i++) {
                group.join(group.someTopics(random));
            }
            return group;
        }

        static Group uniform(Random random) {
            Group group = random(random);
            group.subscriptions.replaceAll((member, topics) -> Set.copyOf(group.topics.keySet()));
            return group;
        }

        private void join(Set<String> subscription) {
            subscriptions.put("member-" + lastMember++, subscription);
        }

        private Set<String> someTopics(Random random) {
            Set<String> some = new HashSet<>(Set.of("not-there-yet"));
            topics.keySet().stream().filter(topic -> random.nextInt(3) > 0).forEach(some::add);
            return some;
        }

        void change(Random random) {
            switch (random.nextInt(4)) {
                case 0 -> join(someTopics(random));
                case 1 -> leave(random);
                case 2 -> topics.replaceAll((topic, count) -> count + random.nextInt(3));
                default -> topics.keySet().removeIf(topic -> topics.size() > 1 && random.nextInt(3) == 0);
            }
        }

        void changeMembers(Random random) {
            if (random.nextBoolean()) {
                join(Set.copyOf(topics.keySet()));
            } else {
                leave(random);
            }
        }

        private void leave(Random random) {
            if (subscriptions.size() > 1) {
                List<String> members = List.copyOf(subscriptions.keySet());
                subscriptions.remove(members.get(random.nextInt(members.size())));
            }
        }

        List<Subscriber> subscribers() {
            return subscriptions.entrySet().stream()
                    .map(member -> new Subscriber(
                            member.getKey(), null, member.getValue(), targets.getOrDefault(member.getKey(), List.of())))
                    .toList();
        }

        void assign(Assignor assignor) {
            targets = assignor.assign(subscribers(), topics);
        }

        List<PartitionName> wanted() {
            return topics.entrySet().stream()
                    .filter(topic -> subscriptions.values().stream().anyMatch(s -> s.contains(topic.getKey())))
                    .flatMap(topic -> IntStream.range(0, topic.getValue())
                            .mapToObj(number -> new PartitionName(topic.getKey(), number)))
                    .toList();
        }

        List<PartitionName> assigned() {
            return targets.values().stream().flatMap(List::stream).toList();
        }

        List<Integer> loads() {
            return targets.values().stream().map(List::size).sorted().toList();
        }
    }
}
