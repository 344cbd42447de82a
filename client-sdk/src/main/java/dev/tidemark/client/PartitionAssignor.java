package dev.tidemark.client;

/** How a group's partitions are shared out, by the server. When members of a group differ, the one that most of them ask for is used. */
public enum PartitionAssignor {
    /** Evenly, and moving as few as possible. */
    STICKY("sticky"),
    /** Topic by topic, in runs of partitions: equal partitions of topics that have the same number go to the same member. */
    RANGE("range"),
    /** One after the other, over all topics. */
    ROUND_ROBIN("roundrobin");

    private final String wireName;

    PartitionAssignor(String wireName) {
        this.wireName = wireName;
    }

    /** As the protocol writes it. */
    String wireName() {
        return wireName;
    }
}
