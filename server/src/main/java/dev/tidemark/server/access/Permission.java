package dev.tidemark.server.access;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** What a token may be allowed. None includes another; each lets its holder also see that the topic is there and how it is set. */
public enum Permission {
    /** Fetch records and find offsets. */
    READ,
    /** Append records. */
    WRITE,
    /** Create, alter and delete topics. */
    ADMIN;

    /** As it is written in the tokens file and in the OpenAPI document. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Optional<Permission> of(String word) {
        return Arrays.stream(values()).filter(one -> one.word().equals(word)).findFirst();
    }
}
