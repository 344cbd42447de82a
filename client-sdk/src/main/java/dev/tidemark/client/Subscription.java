package dev.tidemark.client;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a group's member wants to read: topics by name, or all whose name matches a pattern. */
sealed interface Subscription {
    record Topics(Set<String> names) implements Subscription {
        public Topics {
            names = Set.copyOf(names);
        }
    }

    /** @param regex in RE2 syntax; only servers match it */
    record Matching(String regex) implements Subscription {}

    /** Whether the topic may still be wanted; of a pattern only the server knows. */
    default boolean mayWant(String topic) {
        return !(this instanceof Topics topics) || topics.names().contains(topic);
    }

    default @Nullable List<String> topicNames() {
        return this instanceof Topics topics ? topics.names().stream().sorted().toList() : null;
    }

    default @Nullable String pattern() {
        return this instanceof Matching matching ? matching.regex() : null;
    }
}
