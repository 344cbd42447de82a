package dev.tidemark.server.group;

import java.time.Instant;
import java.util.Arrays;
import java.util.Locale;

/** Who is a member no more, and why. */
record Departure(GroupMember member, Reason reason) {
    enum Reason {
        LEFT("it left"),
        SESSION_TIMEOUT("it was not heard for its session timeout"),
        REBALANCE_TIMEOUT("it did not let go of partitions within its rebalance timeout"),
        REPLACED("another member with its group instance id took its place");

        private final String words;

        Reason(String words) {
            this.words = words;
        }

        /** For people. */
        String words() {
            return words;
        }

        /** As the database has it. */
        String stored() {
            return name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }

        static Reason of(String stored) {
            return Arrays.stream(values())
                    .filter(reason -> reason.stored().equals(stored))
                    .findFirst()
                    .orElseThrow();
        }
    }

    /** Of long ago, as the database remembers it. */
    record Past(Reason reason, Instant leftAt) {}
}
