package dev.tidemark.server.log.tail;

import dev.tidemark.protocol.RecordLayout;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** One partition's part of the {@link Tail}: a run of batches without a gap, by base offset, all seen in one leader epoch. News of an older one is ignored. */
final class PartitionTail {
    /** The batch is of another leader epoch, or not needed. */
    static final long NOT_KEPT = -1;

    /** In the order they came; under its own lock, and never copied but to be run: there may be thousands. */
    private final Set<Runnable> listeners = new LinkedHashSet<>();

    private final TreeMap<Long, Batch> batches = new TreeMap<>();
    private int leaderEpoch = -1;
    private long start = -1;
    private long end = -1;
    /** An end somebody told of, which nobody has asked the database about since. */
    private long hintedEnd = -1;

    private record Batch(int recordCount, Slice slice) {}

    synchronized Tail.@Nullable Range range() {
        return start < 0 ? null : new Tail.Range(leaderEpoch, start, Math.max(start, end));
    }

    synchronized long end() {
        return end;
    }

    /**
     * Forgets everything when the epoch is new.
     *
     * @return the bytes of batches that had to go
     */
    synchronized long enter(int newLeaderEpoch) {
        if (newLeaderEpoch <= leaderEpoch) {
            return 0;
        }
        leaderEpoch = newLeaderEpoch;
        start = -1;
        end = -1;
        hintedEnd = -1;
        return drop();
    }

    /** Drops all batches. @return their bytes */
    synchronized long drop() {
        long dropped = batches.values().stream()
                .mapToLong(batch -> batch.slice().length())
                .sum();
        batches.clear();
        return dropped;
    }

    /**
     * Keeps a batch that follows the last one, or lies beyond it, where those there are have to go: another server has appended between. One that reaches no
     * further than what is here is not needed.
     *
     * @return the bytes of batches that had to go, or {@link #NOT_KEPT}
     */
    synchronized long add(int seenInEpoch, long baseOffset, int recordCount, Slice slice) {
        if (seenInEpoch != leaderEpoch) {
            return NOT_KEPT;
        }
        Map.Entry<Long, Batch> last = batches.lastEntry();
        long cachedEnd =
                last == null ? baseOffset : last.getKey() + last.getValue().recordCount();
        if (baseOffset + recordCount <= cachedEnd) {
            return NOT_KEPT;
        }
        long dropped = cachedEnd == baseOffset ? 0 : drop();
        batches.put(baseOffset, new Batch(recordCount, slice));
        return dropped;
    }

    /** @return false when it is gone already, or was dropped for one that began at the same offset and reached further */
    synchronized boolean remove(int addedInEpoch, long baseOffset, int recordCount) {
        Batch batch = addedInEpoch == leaderEpoch ? batches.get(baseOffset) : null;
        boolean isThere = batch != null && batch.recordCount() == recordCount;
        if (isThere) {
            batches.remove(baseOffset);
        }
        return isThere;
    }

    synchronized void observedStart(int seenInEpoch, long logStartOffset) {
        if (seenInEpoch == leaderEpoch) {
            start = Math.max(start, logStartOffset);
        }
    }

    /** @return whether the end is new */
    synchronized boolean moveEnd(int seenInEpoch, long logEndOffset) {
        boolean moves = seenInEpoch == leaderEpoch && logEndOffset > end;
        if (moves) {
            end = logEndOffset;
        }
        return moves;
    }

    /** @return whether this is news */
    synchronized boolean hint(long logEndOffset) {
        boolean isNews = start >= 0 && logEndOffset > Math.max(end, hintedEnd);
        if (isNews) {
            hintedEnd = logEndOffset;
        }
        return isNews;
    }

    synchronized boolean isBehindHint() {
        return hintedEnd > end;
    }

    synchronized void forgetHint() {
        hintedEnd = -1;
    }

    /** Not under a lock: a listener looks into several partitions, and leaves. */
    void runListeners() {
        Runnable[] present;
        synchronized (listeners) {
            present = listeners.toArray(Runnable[]::new);
        }
        for (Runnable listener : present) {
            listener.run();
        }
    }

    synchronized Tail.@Nullable Found read(int seenInEpoch, long offset, int maxRecords, int maxBytes) {
        if (seenInEpoch != leaderEpoch) {
            return null;
        }
        Map.Entry<Long, Batch> first = batches.floorEntry(offset);
        if (first == null || offset >= first.getKey() + first.getValue().recordCount() || offset < start) {
            return null;
        }
        Collector collector = new Collector(maxRecords, maxBytes, offset);
        for (Map.Entry<Long, Batch> entry :
                batches.tailMap(first.getKey(), true).entrySet()) {
            if (!collector.add(entry.getKey(), entry.getValue())) {
                break;
            }
        }
        return new Tail.Found(collector.slices, collector.records, collector.bytes, collector.next);
    }

    boolean hasListeners() {
        synchronized (listeners) {
            return !listeners.isEmpty();
        }
    }

    void listen(Runnable listener) {
        synchronized (listeners) {
            listeners.add(listener);
        }
    }

    void unlisten(Runnable listener) {
        synchronized (listeners) {
            listeners.remove(listener);
        }
    }

    /** Takes whole batches while they fit, and of the first and the last one what is wanted. */
    private static final class Collector {
        private final int maxRecords;
        private final int maxBytes;
        private final List<Slice> slices = new ArrayList<>();
        private int records;
        private int bytes;
        private long next;

        Collector(int maxRecords, int maxBytes, long offset) {
            this.maxRecords = maxRecords;
            this.maxBytes = maxBytes;
            this.next = offset;
        }

        /** @return whether there is room for more */
        boolean add(long baseOffset, Batch batch) {
            Slice slice = batch.slice();
            int left = (int) (baseOffset + batch.recordCount() - next);
            if (left == batch.recordCount() && left <= maxRecords - records && slice.length() <= maxBytes - bytes) {
                take(slice, left);
                return true;
            }
            byte[] array = slice.bytes();
            int from = slice.at();
            for (long offset = baseOffset; offset < next; offset++) {
                from = RecordLayout.end(array, from);
            }
            int to = from;
            int taken = 0;
            while (taken < left && records + taken < maxRecords) {
                int end = RecordLayout.end(array, to);
                if (end - from > maxBytes - bytes && records + taken > 0) {
                    break;
                }
                to = end;
                taken++;
            }
            if (taken > 0) {
                take(new Slice(array, from, to - from), taken);
            }
            return taken == left && records < maxRecords && bytes < maxBytes;
        }

        private void take(Slice slice, int count) {
            slices.add(slice);
            records += count;
            bytes += slice.length();
            next += count;
        }
    }
}
