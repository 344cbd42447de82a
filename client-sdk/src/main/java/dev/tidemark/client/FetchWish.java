package dev.tidemark.client;

import java.util.List;

/** What to ask the server for: positions to take, and records. */
record FetchWish(List<Place> resets, List<Place> fetches) {
    boolean isNothing() {
        return resets.isEmpty() && fetches.isEmpty();
    }
}
