package dev.tidemark.server.access;

import java.util.Set;

/** Permissions on some topics. */
record Grant(Set<Permission> allowed, TopicPatterns topics) {
    Grant {
        allowed = Set.copyOf(allowed);
    }

    boolean covers(Permission permission, String topic) {
        return allowed.contains(permission) && topics.match(topic);
    }
}
