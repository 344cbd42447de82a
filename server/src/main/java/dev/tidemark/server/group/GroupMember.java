package dev.tidemark.server.group;

import dev.tidemark.server.access.TopicScope;
import dev.tidemark.server.group.assignor.Assignor;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A member of a group. Immutable.
 *
 * @param memberNo what servers tell each other; {@link #NO_NUMBER} until it is in the database
 * @param groupInstanceId of a static member
 * @param readable what its principal may read, as of when it was heard last
 * @param target ids of the partitions it is to own
 * @param isRevoking whether the database knows since when it has to let go of something
 */
record GroupMember(
        int memberNo,
        String memberId,
        @Nullable String groupInstanceId,
        @Nullable String clientId,
        String principal,
        TopicScope readable,
        Subscription subscription,
        Assignor assignor,
        Timeouts timeouts,
        Set<Integer> target,
        boolean isRevoking) {
    static final int NO_NUMBER = 0;

    GroupMember {
        target = Set.copyOf(target);
    }

    GroupMember withTarget(Set<Integer> newTarget) {
        return new GroupMember(
                memberNo,
                memberId,
                groupInstanceId,
                clientId,
                principal,
                readable,
                subscription,
                assignor,
                timeouts,
                newTarget,
                isRevoking);
    }

    GroupMember withReadable(TopicScope scope) {
        return new GroupMember(
                memberNo,
                memberId,
                groupInstanceId,
                clientId,
                principal,
                scope,
                subscription,
                assignor,
                timeouts,
                target,
                isRevoking);
    }

    /** As it asks to be now; number, target and what it has to let go of stay. */
    GroupMember as(GroupMember asked) {
        return new GroupMember(
                memberNo,
                memberId,
                groupInstanceId,
                asked.clientId,
                principal,
                asked.readable,
                asked.subscription,
                asked.assignor,
                asked.timeouts,
                target,
                isRevoking);
    }
}
