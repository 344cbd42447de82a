package dev.tidemark.server.group.assignor;

import dev.tidemark.protocol.api.PartitionName;
import java.util.List;
import java.util.Map;

/** See {@link Assignor#RANGE}. */
final class RangeAssignment {
    private RangeAssignment() {}

    static Map<String, List<PartitionName>> of(List<Subscriber> members, Map<String, Integer> topics) {
        Map<String, List<PartitionName>> assigned = Assignor.nothing(members);
        topics.forEach((topic, count) -> {
            List<Subscriber> subscribers = Assignor.subscribersOf(topic, members);
            List<PartitionName> partitions = Assignor.partitionsOf(topic, count);
            int from = 0;
            for (int i = 0; i < subscribers.size(); i++) {
                // The first ones take one more where it does not come out even.
                int size = count / subscribers.size() + (i < count % subscribers.size() ? 1 : 0);
                Assignor.give(assigned, subscribers.get(i), partitions.subList(from, from + size));
                from += size;
            }
        });
        return assigned;
    }
}
