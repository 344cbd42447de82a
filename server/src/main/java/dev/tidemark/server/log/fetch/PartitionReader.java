package dev.tidemark.server.log.fetch;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.log.tail.Slice;
import dev.tidemark.server.log.tail.Tail;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Answers fetches with what there is now: from the tail what it has, else from the database. Thread-safe. */
final class PartitionReader {
    private final Tail tail;
    private final LogReader database;
    private final ReadAhead ahead;
    private final FetchMetrics metrics;

    PartitionReader(Tail tail, LogReader database, ReadAhead ahead, FetchMetrics metrics) {
        this.tail = tail;
        this.database = database;
        this.ahead = ahead;
        this.metrics = metrics;
    }

    /** Answers from the tail alone; null unless every position is there or at the known end, and one has records. */
    @Nullable
    List<PartitionRecords> fromTail(FetchRequest request) {
        FetchBudget budget = new FetchBudget(request);
        List<PartitionRecords> answers = new ArrayList<>(request.positions().size());
        for (FetchRequest.Position position : request.positions()) {
            PartitionRecords answer = fromTail(position, budget);
            if (answer == null) {
                return null;
            }
            answers.add(answer);
        }
        return budget.isUntouched() ? null : answers;
    }

    /** Answers from the tail and the database, on which it blocks. */
    List<PartitionRecords> read(FetchRequest request) throws SQLException {
        FetchBudget budget = new FetchBudget(request);
        List<PartitionRecords> answers = new ArrayList<>(request.positions().size());
        for (FetchRequest.Position position : request.positions()) {
            PartitionRecords known = fromTail(position, budget);
            answers.add(known != null ? known : fromDatabase(request, position, budget));
        }
        return answers;
    }

    /** Asks the database where those partitions end. @return those that are there no more */
    Set<Integer> observe(Collection<Integer> partitionIds) throws SQLException {
        partitionIds.forEach(tail::asking);
        Set<Integer> gone = new HashSet<>(partitionIds);
        for (LogReader.Range range : database.ranges(partitionIds)) {
            observed(range);
            gone.remove(range.partitionId());
        }
        return gone;
    }

    private @Nullable PartitionRecords fromTail(FetchRequest.Position position, FetchBudget budget) {
        int partitionId = position.partitionId();
        Tail.Range range = tail.range(partitionId);
        if (range == null || position.offset() > range.logEndOffset()) {
            return null;
        }
        if (position.offset() == range.logEndOffset()) {
            return empty(position, range);
        }
        if (budget.isSpent()) {
            return empty(position, range);
        }
        Tail.Found found = tail.read(
                range.leaderEpoch(), partitionId, position.offset(), budget.recordsLeft(), budget.bytesLeft());
        if (found == null) {
            return null;
        }
        if (!budget.hasRoomFor(found.recordCount(), found.byteCount())) {
            return empty(position, range);
        }
        budget.spend(found.recordCount(), found.byteCount());
        metrics.tailHit(found.recordCount(), found.byteCount());
        Tail.Range reached = new Tail.Range(
                range.leaderEpoch(), range.logStartOffset(), Math.max(range.logEndOffset(), found.nextOffset()));
        return answer(position, reached, found.nextOffset(), found.recordCount(), found.slices());
    }

    private PartitionRecords fromDatabase(FetchRequest request, FetchRequest.Position position, FetchBudget budget)
            throws SQLException {
        int partitionId = position.partitionId();
        int bytesLeft = Math.max(1, budget.bytesLeft());
        long startNanos = System.nanoTime();
        LogReader.Read read = ahead.take(partitionId, position.offset(), budget.recordsLeft(), bytesLeft);
        if (read != null && read.range().leaderEpoch() == tail.leaderEpoch()) {
            metrics.readAheadHit();
        } else if (!budget.isWorthARead() || !budget.isUntouched() && ahead.holds(partitionId, position.offset())) {
            // There is no room for it now; what was read ahead will be there when the partition comes first.
            return unread(position);
        } else {
            read = readBelowKnownEnd(partitionId, position.offset(), budget.recordsLeft(), bytesLeft);
        }
        if (read == null) {
            return deleted(position);
        }
        if (read.records() != null) {
            metrics.databaseRead(read.recordCount(), read.byteCount(), System.nanoTime() - startNanos);
        }
        return answer(request, position, budget, read);
    }

    private PartitionRecords answer(
            FetchRequest request, FetchRequest.Position position, FetchBudget budget, LogReader.Read read) {
        int partitionId = position.partitionId();
        Tail.Range range = observed(read.range());
        if (isOutOf(range, position)) {
            return outOfRange(position, range);
        }
        List<Slice> records = read.records();
        if (records == null || !budget.hasRoomFor(read.recordCount(), read.byteCount())) {
            return empty(position, range);
        }
        budget.spend(read.recordCount(), read.byteCount());
        ahead.follow(partitionId, position.offset(), read, request.maxRecords(), request.maxBytes());
        return answer(position, range, read.nextOffset(), read.recordCount(), records);
    }

    /** Reads once more where nothing was found below an end that is known by then: somebody appended meanwhile, and below the end no fetch is empty. */
    private LogReader.@Nullable Read readBelowKnownEnd(int partitionId, long offset, int maxRecords, int maxBytes)
            throws SQLException {
        tail.asking(partitionId);
        LogReader.Read read = database.read(partitionId, offset, maxRecords, maxBytes);
        boolean isOutrun =
                read != null && read.records() == null && observed(read.range()).logEndOffset() > offset;
        return isOutrun ? database.read(partitionId, offset, maxRecords, maxBytes) : read;
    }

    /**
     * What is known now: a read overtaken by another has older news, and a log end is never told to have gone back. But for a new leader epoch's: what was
     * read in the one before is told as it was then.
     */
    private Tail.Range observed(LogReader.Range range) {
        tail.observed(range.partitionId(), range.seen());
        Tail.Range known = tail.range(range.partitionId());
        return known == null || known.leaderEpoch() != range.leaderEpoch() ? range.seen() : known;
    }

    /** A partition there was no room for: only its range is told. */
    private PartitionRecords unread(FetchRequest.Position position) throws SQLException {
        int partitionId = position.partitionId();
        if (tail.range(partitionId) == null) {
            observe(List.of(partitionId));
        }
        Tail.Range range = tail.range(partitionId);
        return range == null ? deleted(position) : empty(position, range);
    }

    private static boolean isOutOf(Tail.Range range, FetchRequest.Position position) {
        return position.offset() < range.logStartOffset() || position.offset() > range.logEndOffset();
    }

    private static PartitionRecords outOfRange(FetchRequest.Position position, Tail.Range range) {
        String detail = "offset " + position.offset() + " of partition " + position.partition() + " of topic "
                + position.topic().name() + " is outside its log, " + range.logStartOffset() + " to "
                + range.logEndOffset();
        return error(position, ErrorCode.OFFSET_OUT_OF_RANGE, detail, range);
    }

    private PartitionRecords deleted(FetchRequest.Position position) {
        Tail.Range nothing = new Tail.Range(tail.leaderEpoch(), -1, -1);
        return error(position, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "the topic has been deleted", nothing);
    }

    private static PartitionRecords error(
            FetchRequest.Position position, ErrorCode error, String detail, Tail.Range range) {
        return new PartitionRecords(
                position.topic().name(),
                position.partition(),
                error,
                detail,
                range.logStartOffset(),
                range.logEndOffset(),
                range.logEndOffset(),
                range.leaderEpoch(),
                position.offset(),
                0,
                List.of());
    }

    private static PartitionRecords empty(FetchRequest.Position position, Tail.Range range) {
        return answer(position, range, position.offset(), 0, List.of());
    }

    private static PartitionRecords answer(
            FetchRequest.Position position, Tail.Range range, long next, int count, List<Slice> slices) {
        return new PartitionRecords(
                position.topic().name(),
                position.partition(),
                null,
                "",
                range.logStartOffset(),
                range.logEndOffset(),
                range.logEndOffset(),
                range.leaderEpoch(),
                next,
                count,
                slices);
    }
}
