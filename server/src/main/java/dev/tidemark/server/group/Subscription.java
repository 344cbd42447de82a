package dev.tidemark.server.group;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.access.TopicScope;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a member reads: topics by name, or those whose whole name a regular expression matches. Topics that do not exist do no harm.
 *
 * @param topics in order, each once; null where there is a pattern
 */
record Subscription(@Nullable List<String> topics, @Nullable String pattern) {
    static final int MAX_TOPICS = 1000;
    /** Every server keeps every member's. */
    static final int MAX_TOPIC_CHARS = 32_768;

    static final int MAX_PATTERN_CHARS = 1000;

    /** With repetitions written out; every topic's name is matched in time that grows with it. */
    static final int MAX_PATTERN_SIZE = 2000;

    Subscription {
        if ((topics == null) == (pattern == null)) {
            throw invalid("a subscription has either \"topics\" or a \"pattern\"");
        }
        topics = topics == null ? null : topics.stream().distinct().sorted().toList();
    }

    /**
     * As it was asked for.
     *
     * @throws ApiException INVALID_REQUEST
     */
    static Subscription requested(@Nullable List<String> topics, @Nullable String pattern) {
        if (topics != null && (topics.isEmpty() || topics.size() > MAX_TOPICS)) {
            throw invalid("a member subscribes to 1 to " + MAX_TOPICS + " topics, not " + topics.size());
        }
        if (topics != null) {
            topics.forEach(topic -> GroupNames.requireLegal("a topic's name", topic));
            if (topics.stream().mapToInt(String::length).sum() > MAX_TOPIC_CHARS) {
                throw invalid("the names in \"topics\" have more than " + MAX_TOPIC_CHARS
                        + " characters together; a \"pattern\" says the same shorter");
            }
        }
        if (pattern != null) {
            requireLegal(pattern);
        }
        return new Subscription(topics, pattern);
    }

    private static void requireLegal(String pattern) {
        if (pattern.isEmpty() || pattern.length() > MAX_PATTERN_CHARS || !GroupNames.isText(pattern)) {
            throw invalid("\"pattern\" must be 1 to " + MAX_PATTERN_CHARS + " characters without control characters");
        }
        if (PatternSize.of(pattern) > MAX_PATTERN_SIZE) {
            throw invalid("\"pattern\" must not be larger than " + MAX_PATTERN_SIZE
                    + " characters with its counted repetitions written out");
        }
        compiled(pattern);
    }

    private static Pattern compiled(String pattern) {
        try {
            return Pattern.compile(pattern);
        } catch (PatternSyntaxException e) {
            throw invalid("\"pattern\" is no regular expression in RE2's syntax: " + e.getMessage());
        }
    }

    private static ApiException invalid(String detail) {
        return new ApiException(ErrorCode.INVALID_REQUEST, detail);
    }

    boolean names(String topic) {
        return topics == null || topics.contains(topic);
    }

    /** Those of the topics that are meant and may be read. */
    Set<String> among(Collection<String> existing, TopicScope readable) {
        Predicate<String> isMeant = topics == null ? matcher() : Set.copyOf(topics)::contains;
        return existing.stream().filter(isMeant).filter(readable::covers).collect(Collectors.toUnmodifiableSet());
    }

    private Predicate<String> matcher() {
        Pattern compiled = compiled(pattern == null ? "" : pattern);
        return topic -> compiled.matcher(topic).matches();
    }
}
