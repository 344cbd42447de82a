package dev.tidemark.server.group.assignor;

import dev.tidemark.protocol.api.PartitionName;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * See {@link Assignor#STICKY}. Everybody keeps what they had; what nobody has goes to who has least; then partitions move from who has most to who has at least two fewer, over members in between
 * where subscriptions differ, until no such move is left. With equal subscriptions nobody then has more than one more than another, and no more has moved than had to.
 */
final class StickyAssignment {
    private final Map<String, Integer> topics;
    private final Map<String, Holder> holders = new LinkedHashMap<>();
    private final Map<String, List<Holder>> subscribers = new HashMap<>();

    /** Who has least first. A holder is taken out while its load changes. */
    private final NavigableSet<Holder> byLoad;

    /** A member and what it holds, topic by topic. */
    private static final class Holder {
        private final Subscriber member;
        private final int place;
        private final Map<String, TreeSet<Integer>> held = new TreeMap<>();
        private int load;

        Holder(Subscriber member, int place) {
            this.member = member;
            this.place = place;
        }

        int held(String topic) {
            TreeSet<Integer> numbers = held.get(topic);
            return numbers == null ? 0 : numbers.size();
        }
    }

    /** A partition of the topic goes from one to another. */
    private record Move(Holder from, String topic, Holder to) {}

    StickyAssignment(List<Subscriber> members, Map<String, Integer> topics) {
        this.topics = topics;
        this.byLoad = new TreeSet<>(
                Comparator.<Holder>comparingInt(holder -> holder.load).thenComparingInt(holder -> holder.place));
        for (Subscriber member : members) {
            Holder holder = new Holder(member, holders.size());
            holders.put(member.memberId(), holder);
            member.topics().stream()
                    .filter(topics::containsKey)
                    .forEach(topic -> subscribers
                            .computeIfAbsent(topic, any -> new ArrayList<>())
                            .add(holder));
        }
        byLoad.addAll(holders.values());
    }

    Map<String, List<PartitionName>> run() {
        Set<PartitionName> kept = keep();
        giveAway(kept);
        while (improve()) {
            // Each round takes from one that has at least two more than another, so the squares of the loads get less.
        }
        Map<String, List<PartitionName>> assigned = new LinkedHashMap<>();
        holders.forEach((id, holder) -> assigned.put(id, partitions(holder)));
        return assigned;
    }

    private static List<PartitionName> partitions(Holder holder) {
        List<PartitionName> partitions = new ArrayList<>(holder.load);
        holder.held.forEach(
                (topic, numbers) -> numbers.forEach(number -> partitions.add(new PartitionName(topic, number))));
        return partitions;
    }

    private Set<PartitionName> keep() {
        Set<PartitionName> kept = new HashSet<>();
        for (Holder holder : holders.values()) {
            for (PartitionName partition : holder.member.target()) {
                boolean exists = partition.partition() < topics.getOrDefault(partition.topic(), 0);
                if (exists && holder.member.topics().contains(partition.topic()) && kept.add(partition)) {
                    give(holder, partition.topic(), partition.partition());
                }
            }
        }
        return kept;
    }

    /** Topics with few subscribers first: the others have more choice. */
    private void giveAway(Set<PartitionName> kept) {
        List<String> order = subscribers.entrySet().stream()
                .sorted(Comparator.<Map.Entry<String, List<Holder>>>comparingInt(
                                topic -> topic.getValue().size())
                        .thenComparing(Map.Entry.comparingByKey()))
                .map(Map.Entry::getKey)
                .toList();
        for (String topic : order) {
            for (int number = 0; number < topics.getOrDefault(topic, 0); number++) {
                if (!kept.contains(new PartitionName(topic, number))) {
                    give(leastLoaded(topic), topic, number);
                }
            }
        }
    }

    private Holder leastLoaded(String topic) {
        for (Holder holder : byLoad) {
            if (holder.member.topics().contains(topic)) {
                return holder;
            }
        }
        throw new IllegalStateException("nobody subscribes to the topic");
    }

    private void give(Holder holder, String topic, int number) {
        byLoad.remove(holder);
        holder.held.computeIfAbsent(topic, any -> new TreeSet<>()).add(number);
        holder.load++;
        byLoad.add(holder);
    }

    private int take(Holder holder, String topic) {
        TreeSet<Integer> numbers = holder.held.get(topic);
        if (numbers == null) {
            throw new IllegalStateException("nothing of the topic is held");
        }
        byLoad.remove(holder);
        int number = numbers.last();
        numbers.remove(number);
        if (numbers.isEmpty()) {
            holder.held.remove(topic);
        }
        holder.load--;
        byLoad.add(holder);
        return number;
    }

    /** @return whether something has moved */
    private boolean improve() {
        int least = byLoad.isEmpty() ? 0 : byLoad.first().load;
        for (Holder from : byLoad.descendingSet()) {
            if (from.load - least < 2) {
                return false;
            }
            List<Move> moves = wayToLighter(from);
            if (!moves.isEmpty()) {
                // The last first, so that nobody gives what it has just got.
                for (int i = moves.size() - 1; i >= 0; i--) {
                    Move move = moves.get(i);
                    give(move.to(), move.topic(), take(move.from(), move.topic()));
                }
                return true;
            }
        }
        return false;
    }

    /** The shortest way from one member to one with at least two fewer, each step over a topic that the one holds and the other subscribes to; empty when there is none. */
    private List<Move> wayToLighter(Holder from) {
        Map<Holder, @Nullable Move> reachedBy = new HashMap<>();
        reachedBy.put(from, null);
        Set<String> seenTopics = new HashSet<>();
        Deque<Holder> next = new ArrayDeque<>(List.of(from));
        while (!next.isEmpty()) {
            Holder giver = next.remove();
            Holder lightest = null;
            for (String topic : mostHeldFirst(giver)) {
                if (!seenTopics.add(topic)) {
                    continue;
                }
                for (Holder taker : subscribers.getOrDefault(topic, List.of())) {
                    if (reachedBy.containsKey(taker)) {
                        continue;
                    }
                    reachedBy.put(taker, new Move(giver, topic, taker));
                    next.add(taker);
                    if (lightest == null || taker.load < lightest.load) {
                        lightest = taker;
                    }
                }
            }
            if (lightest != null && from.load - lightest.load >= 2) {
                return wayTo(lightest, reachedBy);
            }
        }
        return List.of();
    }

    private static List<String> mostHeldFirst(Holder holder) {
        return holder.held.keySet().stream()
                .sorted(Comparator.<String>comparingInt(holder::held).reversed())
                .toList();
    }

    private static List<Move> wayTo(Holder end, Map<Holder, @Nullable Move> reachedBy) {
        Deque<Move> way = new ArrayDeque<>();
        for (Move move = reachedBy.get(end); move != null; move = reachedBy.get(move.from())) {
            way.addFirst(move);
        }
        return List.copyOf(way);
    }
}
