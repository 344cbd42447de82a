package dev.tidemark.server.group.assignor;

import dev.tidemark.protocol.api.PartitionName;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A member as assignors see it.
 *
 * @param groupInstanceId of a static member, which keeps its place in the order of members when it comes back under another id
 * @param topics subscribed to; those that do not exist do no harm
 * @param target what the last assignment gave it
 */
public record Subscriber(
        String memberId, @Nullable String groupInstanceId, Set<String> topics, List<PartitionName> target) {
    public Subscriber {
        topics = Set.copyOf(topics);
        target = List.copyOf(target);
    }

    String sortKey() {
        return groupInstanceId == null ? memberId : groupInstanceId;
    }
}
