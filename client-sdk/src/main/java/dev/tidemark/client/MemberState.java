package dev.tidemark.client;

/**
 * What a consumer is in its group.
 *
 * <pre>
 *            a poll                 answered              expelled, not polled for too long, or in doubt
 *   Outside ───────► Joining ──────────────────► Member ─────────────────────────────────────► Lost
 *      ▲                ▲                           │                                           │
 *      │ unsubscribed   │  the application has been told, in a poll                             │
 *      └── (any)        └───────────────────────────────────────────────────────────────────────┘
 *
 *   Joining, Member ── another with the same instance id came ──► Fenced, for good
 * </pre>
 *
 * Only the application's thread leads out of {@link Lost}: until it knows that its partitions are gone, nothing of what it read may be committed as if they were not.
 */
sealed interface MemberState {
    record Outside() implements MemberState {}

    record Joining(String memberId) implements MemberState {}

    /** @param generationId the last one it was told */
    record Member(String memberId, int generationId) implements MemberState {}

    /** @param why {@link MaxPollIntervalExceededException}, what the server said, or what is not known */
    record Lost(String memberId, TidemarkException why) implements MemberState {}

    record Fenced(TidemarkException why) implements MemberState {}
}
