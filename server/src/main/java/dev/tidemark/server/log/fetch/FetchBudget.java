package dev.tidemark.server.log.fetch;

/** What one fetch may still take. The first record always fits. Not thread-safe. */
final class FetchBudget {
    private final FetchRequest request;
    private int records;
    private int bytes;

    FetchBudget(FetchRequest request) {
        this.request = request;
    }

    boolean isUntouched() {
        return records == 0;
    }

    boolean isSpent() {
        return records >= request.maxRecords() || records > 0 && bytes >= request.maxBytes();
    }

    /** A read from the database for the last few bytes would cost more than it brings: the partition's turn comes another time. */
    boolean isWorthARead() {
        return records == 0 || recordsLeft() > 0 && bytesLeft() > request.maxBytes() / 8;
    }

    boolean hasRoomFor(int recordCount, int byteCount) {
        return records == 0 || recordCount <= recordsLeft() && byteCount <= bytesLeft();
    }

    int recordsLeft() {
        return request.maxRecords() - records;
    }

    int bytesLeft() {
        return Math.max(0, request.maxBytes() - bytes);
    }

    void spend(int recordCount, int byteCount) {
        records += recordCount;
        bytes += byteCount;
    }
}
