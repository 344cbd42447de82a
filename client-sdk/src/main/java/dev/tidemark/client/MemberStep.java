package dev.tidemark.client;

import java.time.Duration;
import java.util.Set;

/** A request that a member sends its group. */
sealed interface MemberStep {
    String memberId();

    Request request(GroupConfig config);

    /** How long one try may take at most. */
    Duration patience(GroupConfig config);

    record Join(String memberId, Subscription subscription) implements MemberStep {
        @Override
        public Request request(GroupConfig config) {
            return GroupRequests.join(config, memberId, subscription);
        }

        @Override
        public Duration patience(GroupConfig config) {
            return config.sessionTimeout();
        }
    }

    /** @param owned what the member reads right now */
    record Heartbeat(String memberId, int generationId, Set<TopicPartition> owned) implements MemberStep {
        @Override
        public Request request(GroupConfig config) {
            return GroupRequests.heartbeat(config, memberId, generationId, owned);
        }

        /** One that gets no answer is to be sent again while there is time left before the session ends. */
        @Override
        public Duration patience(GroupConfig config) {
            return config.sessionTimeout().dividedBy(3);
        }
    }

    /** @param deadline when to give up: the session timeout then does it */
    record Leave(String memberId, Deadline deadline) implements MemberStep {
        @Override
        public Request request(GroupConfig config) {
            return GroupRequests.leave(config, memberId);
        }

        @Override
        public Duration patience(GroupConfig config) {
            return deadline.left();
        }
    }
}
