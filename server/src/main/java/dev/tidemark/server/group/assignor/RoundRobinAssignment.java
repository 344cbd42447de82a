package dev.tidemark.server.group.assignor;

import dev.tidemark.protocol.api.PartitionName;
import java.util.List;
import java.util.Map;

/** See {@link Assignor#ROUND_ROBIN}. */
final class RoundRobinAssignment {
    private RoundRobinAssignment() {}

    static Map<String, List<PartitionName>> of(List<Subscriber> members, Map<String, Integer> topics) {
        Map<String, List<PartitionName>> assigned = Assignor.nothing(members);
        int turn = 0;
        for (Map.Entry<String, Integer> topic : topics.entrySet()) {
            if (Assignor.subscribersOf(topic.getKey(), members).isEmpty()) {
                continue;
            }
            for (PartitionName partition : Assignor.partitionsOf(topic.getKey(), topic.getValue())) {
                while (!members.get(turn % members.size()).topics().contains(topic.getKey())) {
                    turn++;
                }
                Assignor.give(assigned, members.get(turn % members.size()), List.of(partition));
                turn++;
            }
        }
        return assigned;
    }
}
