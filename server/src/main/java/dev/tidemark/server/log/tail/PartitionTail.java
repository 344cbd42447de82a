package dev.tidemark.server.log.tail;

import dev.tidemark.protocol.RecordLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArraySet;
import org.jspecify.annotations.Nullable;

/** One partition's part of the {@link Tail}: a run of batches without a gap, by base offset. */
final class PartitionTail {
    private final Set<Runnable> listeners = new CopyOnWriteArraySet<>();
    private final TreeMap<Long, Batch> batches = new TreeMap<>();
    private long start = -1;
    private long end = -1;
    /** An end somebody told of, which nobody has asked the database about since. */
    private long hintedEnd = -1;

    private record Batch(int recordCount, Slice slice) {}

    synchronized Tail.@Nullable Range range() {
        return start < 0 ? null : new Tail.Range(start, Math.max(start, end));
    }

    /** @return the bytes of batches that had to go, because another server appended between them and this one */
    synchronized int add(long baseOffset, int recordCount, Slice slice, int overheadBytes) {
        int dropped = 0;
        Map.Entry<Long, Batch> last = batches.lastEntry();
        if (last != null && last.getKey() + last.getValue().recordCount() != baseOffset) {
            for (Batch batch : batches.values()) {
                dropped += batch.slice().length() + overheadBytes;
            }
            batches.clear();
        }
        batches.put(baseOffset, new Batch(recordCount, slice));
        return dropped;
    }

    synchronized boolean remove(long baseOffset) {
        return batches.remove(baseOffset) != null;
    }

    synchronized void observedStart(long logStartOffset) {
        start = Math.max(start, logStartOffset);
    }

    /** @return whether the end is new */
    synchronized boolean moveEnd(long logEndOffset) {
        boolean moves = logEndOffset > end;
        end = Math.max(end, logEndOffset);
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

    /** Not under the lock: a listener looks into several partitions. */
    void runListeners() {
        listeners.forEach(Runnable::run);
    }

    synchronized Tail.@Nullable Found read(long offset, int maxRecords, int maxBytes) {
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

    void listen(Runnable listener) {
        listeners.add(listener);
    }

    void unlisten(Runnable listener) {
        listeners.remove(listener);
    }

    boolean isListened() {
        return !listeners.isEmpty();
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
