package dev.tidemark.protocol.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Body of {@code POST /v1/groups/{group}/members}.
 *
 * @param memberId chosen by the client, so that it may repeat the request; null: drawn by the server
 * @param topics what to read; either these or a pattern
 * @param pattern a regular expression (RE2 syntax) for whole topic names
 * @param groupInstanceId makes a static member
 * @param clientId shown where members are listed
 * @param assignor sticky (null), range or roundrobin
 * @param sessionTimeoutMs how long a member may be silent before it is expelled
 * @param rebalanceTimeoutMs how long it may take to let go of a partition before it is expelled
 */
public record JoinGroupRequest(
        @Nullable String memberId,
        @Nullable List<String> topics,
        @Nullable String pattern,
        @Nullable String groupInstanceId,
        @Nullable String clientId,
        @Nullable String assignor,
        @Nullable Integer sessionTimeoutMs,
        @Nullable Integer rebalanceTimeoutMs,
        @Nullable Integer heartbeatIntervalMs) {}
