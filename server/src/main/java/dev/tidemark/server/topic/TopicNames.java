package dev.tidemark.server.topic;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/** Kafka's rules for topic names, and the name of the view each topic gets. */
final class TopicNames {
    static final int MAX_LENGTH = 249;

    private static final Pattern LEGAL = Pattern.compile("[a-zA-Z0-9._-]+");
    private static final int MAX_IDENTIFIER_BYTES = 63;
    private static final int HASH_DIGITS = 10;

    private TopicNames() {}

    /** Whether a topic may have the name, be it a reserved one. */
    static boolean isPossible(String name) {
        return name.length() <= MAX_LENGTH && LEGAL.matcher(name).matches();
    }

    /** @throws ApiException INVALID_TOPIC_EXCEPTION saying which rule the name breaks */
    static void requireLegal(String name) {
        if (name.isEmpty()) {
            throw illegal("a topic name must not be empty");
        }
        if (name.length() > MAX_LENGTH) {
            throw illegal("a topic name has at most " + MAX_LENGTH + " characters, this one has " + name.length());
        }
        if (!LEGAL.matcher(name).matches()) {
            throw illegal("topic name \"" + name + "\" has characters other than letters, digits, '.', '_' and '-'");
        }
        if (name.equals(".") || name.equals("..") || name.startsWith("__")) {
            throw illegal("topic name \"" + name + "\" is reserved");
        }
    }

    /** The view's name: the topic's, or where 63 bytes do not hold it, its beginning and a hash of the whole. */
    static String relationName(String topicName) {
        if (topicName.length() <= MAX_IDENTIFIER_BYTES) {
            return topicName;
        }
        return withHash(topicName);
    }

    /** The view's name where the usual one is taken. */
    static String otherRelationName(String topicName) {
        return withHash(topicName);
    }

    private static String withHash(String topicName) {
        String hash = HexFormat.of().formatHex(sha256(topicName)).substring(0, HASH_DIGITS);
        int kept = Math.min(topicName.length(), MAX_IDENTIFIER_BYTES - HASH_DIGITS - 1);
        return topicName.substring(0, kept) + "_" + hash;
    }

    private static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    private static ApiException illegal(String detail) {
        return new ApiException(ErrorCode.INVALID_TOPIC_EXCEPTION, detail);
    }
}
