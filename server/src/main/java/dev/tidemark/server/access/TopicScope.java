package dev.tidemark.server.access;

import java.util.List;

/**
 * Topics by name or, ending in {@code *}, by prefix: what somebody holds a permission on, in a form that can be kept and compared. Immutable.
 *
 * @param patterns in order, each once
 */
public record TopicScope(List<String> patterns) {
    public TopicScope {
        patterns = patterns.stream().distinct().sorted().toList();
    }

    public boolean covers(String topic) {
        for (String pattern : patterns) {
            if (pattern.endsWith("*")
                    ? topic.startsWith(pattern.substring(0, pattern.length() - 1))
                    : topic.equals(pattern)) {
                return true;
            }
        }
        return false;
    }
}
