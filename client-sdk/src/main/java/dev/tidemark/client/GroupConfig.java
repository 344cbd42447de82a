package dev.tidemark.client;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A consumer's settings as a member of a group, checked; {@link ConsumerBuilder} says what each means.
 *
 * @param autoCommitInterval null: the application commits
 */
record GroupConfig(
        String groupId,
        @Nullable String instanceId,
        @Nullable String clientId,
        Duration sessionTimeout,
        Duration heartbeatInterval,
        Duration maxPollInterval,
        PartitionAssignor assignor,
        @Nullable Duration autoCommitInterval,
        String sqlSchema) {
    private static final int MAX_NAME_BYTES = 249;
    private static final Duration MIN_SESSION_TIMEOUT = Duration.ofSeconds(3);
    private static final Duration MAX_SESSION_TIMEOUT = Duration.ofMinutes(30);
    private static final Duration MIN_HEARTBEAT_INTERVAL = Duration.ofMillis(100);
    private static final Duration MAX_POLL_INTERVAL = Duration.ofDays(1);

    GroupConfig {
        requireName("groupId", groupId);
        if (instanceId != null) {
            requireName("groupInstanceId", instanceId);
        }
        if (clientId != null) {
            requireName("clientId", clientId);
        }
        require("sessionTimeout", sessionTimeout, MIN_SESSION_TIMEOUT, MAX_SESSION_TIMEOUT);
        require("heartbeatInterval", heartbeatInterval, MIN_HEARTBEAT_INTERVAL, sessionTimeout.dividedBy(3));
        require("maxPollInterval", maxPollInterval, Duration.ofMillis(1), MAX_POLL_INTERVAL);
        if (autoCommitInterval != null) {
            ConnectionConfig.requirePositive("autoCommitInterval", autoCommitInterval);
        }
        if (sqlSchema.isEmpty() || sqlSchema.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("sqlSchema must be the name of a schema");
        }
    }

    boolean isStatic() {
        return instanceId != null;
    }

    /** How long the server waits for partitions to be let go; never below the session timeout, which it refuses. */
    Duration rebalanceTimeout() {
        return maxPollInterval.compareTo(sessionTimeout) < 0 ? sessionTimeout : maxPollInterval;
    }

    private static void requireName(String what, String name) {
        int bytes = name.getBytes(StandardCharsets.UTF_8).length;
        if (bytes < 1 || bytes > MAX_NAME_BYTES) {
            throw new IllegalArgumentException(what + " must have 1 to " + MAX_NAME_BYTES + " bytes, not " + bytes);
        }
    }

    private static void require(String what, Duration value, Duration least, Duration most) {
        if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
            throw new IllegalArgumentException(what + " must be " + least.toMillis() + " ms to " + most.toMillis()
                    + " ms" + (what.equals("heartbeatInterval") ? " (a third of sessionTimeout)" : "") + ", not "
                    + value);
        }
    }
}
