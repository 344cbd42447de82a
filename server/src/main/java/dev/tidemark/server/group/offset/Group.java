package dev.tidemark.server.group.offset;

import java.util.Set;

/** A group in a list. @param topics those it has to do with */
public record Group(String name, String state, int generationId, int memberCount, Set<String> topics) {
    public Group {
        topics = Set.copyOf(topics);
    }
}
