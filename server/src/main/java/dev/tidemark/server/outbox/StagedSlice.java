package dev.tidemark.server.outbox;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Records to put into the log next, in their order.
 *
 * @param positionId the position they were read from
 * @param lastSnapshot what this saw is in the log
 * @param snapshot the records are among those this sees
 * @param lastId where what lies between the two is read by id: the highest
 * @param isRest whether nothing between the two is left after them
 */
record StagedSlice(
        long positionId,
        String lastSnapshot,
        String snapshot,
        @Nullable Long lastId,
        boolean isRest,
        List<StagedRecord> records) {
    /** Where the position is once they are in the log: null when that is all its snapshot sees. */
    @Nullable
    Long nextAfterId() {
        return isRest ? null : records.get(records.size() - 1).id();
    }

    /** Its first records, one at least. */
    StagedSlice first(int count) {
        return count == records.size()
                ? this
                : new StagedSlice(positionId, lastSnapshot, snapshot, lastId, false, records.subList(0, count));
    }
}
