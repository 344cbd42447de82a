package dev.tidemark.client;

import java.util.List;

/** What to ask the server for: committed offsets, other positions to take, and records. */
record FetchWish(List<Place> committed, List<Place> resets, List<Place> fetches) {
    boolean isNothing() {
        return committed.isEmpty() && resets.isEmpty() && fetches.isEmpty();
    }

    /** What to ask for first: without positions there are no records. */
    List<Place> first() {
        if (!committed.isEmpty()) {
            return committed;
        }
        return resets.isEmpty() ? fetches : resets;
    }
}
