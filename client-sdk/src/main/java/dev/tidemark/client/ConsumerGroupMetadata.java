package dev.tidemark.client;

import org.jspecify.annotations.Nullable;

/**
 * Who a consumer is in its group.
 *
 * @param memberId empty while it is no member
 * @param generationId the last one it was told; -1 while it is no member
 * @param groupInstanceId of a static member
 */
public record ConsumerGroupMetadata(
        String groupId,
        String memberId,
        int generationId,
        @Nullable String groupInstanceId) {}
