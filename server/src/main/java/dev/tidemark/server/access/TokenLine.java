package dev.tidemark.server.access;

import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One line of the tokens file: what the holder of one token may. {@code principal=billing allow=read,write topics=orders*,payments sha256=…}
 *
 * @param topics all where the line names none
 */
record TokenLine(String principal, Set<Permission> allowed, TopicPatterns topics, Token.Hash hash) {
    private static final String PRINCIPAL = "principal";
    private static final String ALLOW = "allow";
    private static final String TOPICS = "topics";
    private static final String SHA256 = "sha256";
    private static final Set<String> FIELDS = Set.of(PRINCIPAL, ALLOW, TOPICS, SHA256);

    /** Allows nothing but what every token does, such as {@code /metrics}. */
    private static final String NONE = "none";

    static final String LEGAL_ALLOW = "read, write and admin, separated by commas, or none";

    TokenLine {
        if (!Principal.isLegalName(principal)) {
            throw new IllegalArgumentException(PRINCIPAL + " must be " + Principal.LEGAL_NAME);
        }
        allowed = Set.copyOf(allowed);
    }

    /** @throws IllegalArgumentException saying what is wrong with it, without the hash */
    static TokenLine parse(String line) {
        Map<String, String> fields = fields(line);
        return new TokenLine(
                required(fields, PRINCIPAL),
                permissions(required(fields, ALLOW)),
                topics(fields.get(TOPICS)),
                hash(required(fields, SHA256)));
    }

    private static Map<String, String> fields(String line) {
        Map<String, String> fields = new LinkedHashMap<>();
        for (String field : line.strip().split("\\s+")) {
            int equals = field.indexOf('=');
            String name = equals < 0 ? "" : field.substring(0, equals);
            if (!FIELDS.contains(name)) {
                // Not shown further: it may be a token.
                throw new IllegalArgumentException("has a word that is none of principal=, allow=, topics= and sha256="
                        + (name.matches("[a-z_.-]{1,32}") ? " (" + name + "=)" : ""));
            }
            if (fields.put(name, field.substring(equals + 1)) != null) {
                throw new IllegalArgumentException("has " + name + "= twice");
            }
        }
        return fields;
    }

    private static String required(Map<String, String> fields, String name) {
        String value = fields.get(name);
        if (value == null || value.isEmpty()) {
            throw new IllegalArgumentException("has no " + name + "=");
        }
        return value;
    }

    /** @throws IllegalArgumentException saying what is legal */
    static Set<Permission> permissions(String words) {
        Set<Permission> allowed = EnumSet.noneOf(Permission.class);
        if (words.equals(NONE)) {
            return allowed;
        }
        for (String word : words.split(",", -1)) {
            allowed.add(Permission.of(word)
                    .orElseThrow(() -> new IllegalArgumentException(ALLOW + " must be " + LEGAL_ALLOW)));
        }
        return allowed;
    }

    /** @throws IllegalArgumentException naming the pattern that is none */
    static TopicPatterns topics(@Nullable String patterns) {
        return patterns == null ? TopicPatterns.ALL : new TopicPatterns(List.of(patterns.split(",", -1)));
    }

    private static Token.Hash hash(String hex) {
        try {
            return Token.Hash.ofHex(hex);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(SHA256 + " " + e.getMessage(), e);
        }
    }

    Grant grant() {
        return new Grant(allowed, topics);
    }

    /** As it stands in the file. */
    String text() {
        String permissions = allowed.isEmpty()
                ? NONE
                : String.join(
                        ",", allowed.stream().sorted().map(Permission::word).toList());
        return PRINCIPAL + "=" + principal + " " + ALLOW + "=" + permissions
                + (topics.isEverything() ? "" : " " + TOPICS + "=" + topics) + " " + SHA256 + "=" + hash.hex();
    }
}
