package dev.tidemark.server.access;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Topics by name or, ending in {@code *}, by prefix: Kafka's literal and prefixed patterns. Immutable. */
final class TopicPatterns {
    private static final Pattern LEGAL = Pattern.compile("[a-zA-Z0-9._-]{1,249}\\*?|\\*");

    static final TopicPatterns ALL = new TopicPatterns(List.of("*"));

    private final List<String> patterns;
    private final Set<String> names = new HashSet<>();
    private final List<String> prefixes = new ArrayList<>();

    /** @throws IllegalArgumentException naming the pattern that is none */
    TopicPatterns(List<String> patterns) {
        this.patterns = List.copyOf(patterns);
        for (String pattern : patterns) {
            if (!LEGAL.matcher(pattern).matches()) {
                throw new IllegalArgumentException(
                        "'" + pattern + "' is neither a topic's name nor the beginning of one followed by *");
            }
            if (pattern.endsWith("*")) {
                prefixes.add(pattern.substring(0, pattern.length() - 1));
            } else {
                names.add(pattern);
            }
        }
    }

    boolean match(String topic) {
        return names.contains(topic) || prefixes.stream().anyMatch(topic::startsWith);
    }

    List<String> patterns() {
        return patterns;
    }

    boolean isEverything() {
        return prefixes.contains("");
    }

    @Override
    public String toString() {
        return String.join(",", patterns);
    }
}
