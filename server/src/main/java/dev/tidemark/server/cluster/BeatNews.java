package dev.tidemark.server.cluster;

/**
 * What a server says with its beats beside that it lives: which members of consumer groups it has heard since its last one. For one thread, that of the beats. Who cares for what others say reads their beats in the
 * database.
 */
public interface BeatNews {
    /** Takes what there is to say now. */
    void gather();

    /** Whom it has heard. */
    Integer[] memberNos();

    /** How many milliseconds ago, in the same order. */
    Integer[] msAgo();

    /** The beat that says it is in the database; what is said of a beat that failed is said again. */
    void told();
}
