package dev.tidemark.server.http;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import java.util.HashMap;
import java.util.Map;

/**
 * The bound on the positions of all fetches that are not answered yet. A fetch that waits holds no thread and hardly any memory, but for its positions, and goes on
 * holding them when its client has hung up. Thread-safe.
 */
final class FetchPositions {
    private final int max;
    private final int maxOfOne;
    private final Map<String, Integer> takenOf = new HashMap<>();
    private int taken;

    /** @param max of all; one principal has half of it at the most, so that it leaves room for the others */
    FetchPositions(int max) {
        this.max = max;
        this.maxOfOne = max / 2;
    }

    synchronized int taken() {
        return taken;
    }

    /**
     * Takes room for a fetch, to be {@link #give given} back once.
     *
     * @throws ApiException THROTTLING_QUOTA_EXCEEDED when there is no room; none was taken
     */
    synchronized void take(String principal, int positions) {
        int ofOne = takenOf.getOrDefault(principal, 0);
        if (positions > max - taken) {
            throw full("fetches under way name " + taken + " partitions, of " + max);
        }
        if (positions > maxOfOne - ofOne) {
            throw full("fetches under way of principal \"" + principal + "\" name " + ofOne + " partitions, of "
                    + maxOfOne);
        }
        taken += positions;
        takenOf.put(principal, ofOne + positions);
    }

    private static ApiException full(String how) {
        return new ApiException(ErrorCode.THROTTLING_QUOTA_EXCEEDED, how + "; try again");
    }

    synchronized void give(String principal, int positions) {
        taken -= positions;
        takenOf.computeIfPresent(principal, (any, ofOne) -> ofOne == positions ? null : ofOne - positions);
    }
}
