package dev.tidemark.server.group;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import org.jspecify.annotations.Nullable;

/**
 * How long a member may take for what.
 *
 * @param sessionMs for being silent
 * @param rebalanceMs for letting go of partitions
 * @param heartbeatIntervalMs between two heartbeats, where nothing is going on
 */
record Timeouts(int sessionMs, int rebalanceMs, int heartbeatIntervalMs) {
    static final int MIN_SESSION_MS = 3_000;
    static final int MAX_SESSION_MS = 1_800_000;

    private static final int DEFAULT_SESSION_MS = 45_000;
    private static final int DEFAULT_REBALANCE_MS = 300_000;
    private static final int MAX_REBALANCE_MS = 86_400_000;
    private static final int DEFAULT_INTERVAL_MS = 3_000;
    private static final int MIN_INTERVAL_MS = 100;

    /** A heartbeat may be lost, and the next one be late. */
    private static final int LEAST_HEARTBEATS_A_SESSION = 3;

    /**
     * As asked for, with defaults that fit.
     *
     * @throws ApiException INVALID_SESSION_TIMEOUT, or INVALID_REQUEST for the other two
     */
    static Timeouts requested(
            @Nullable Integer sessionMs, @Nullable Integer rebalanceMs, @Nullable Integer heartbeatIntervalMs) {
        int session = sessionMs == null ? DEFAULT_SESSION_MS : sessionMs;
        requireBetween(
                ErrorCode.INVALID_SESSION_TIMEOUT, "session_timeout_ms", session, MIN_SESSION_MS, MAX_SESSION_MS);
        int rebalance = rebalanceMs == null ? Math.max(session, DEFAULT_REBALANCE_MS) : rebalanceMs;
        requireBetween(ErrorCode.INVALID_REQUEST, "rebalance_timeout_ms", rebalance, session, MAX_REBALANCE_MS);
        int longest = session / LEAST_HEARTBEATS_A_SESSION;
        int interval = heartbeatIntervalMs == null ? Math.min(longest, DEFAULT_INTERVAL_MS) : heartbeatIntervalMs;
        requireBetween(ErrorCode.INVALID_REQUEST, "heartbeat_interval_ms", interval, MIN_INTERVAL_MS, longest);
        return new Timeouts(session, rebalance, interval);
    }

    private static void requireBetween(ErrorCode error, String what, int value, int min, int max) {
        if (value < min || value > max) {
            throw new ApiException(error, what + " must be from " + min + " to " + max + " here, not " + value);
        }
    }
}
