package dev.tidemark.server.log.tail;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What this server knows of the log without asking the database: each partition's range as last seen, and the newest batches as they were appended.
 * Thread-safe.
 *
 * <p>The cache is bounded in bytes over all partitions; the oldest batch leaves first. What is known of a log end only ever grows, and may be behind
 * what other servers have appended: who must be sure asks the database and tells {@link #observed}. What other servers tell is a {@link #hint} to ask
 * the database, and never believed by itself.
 *
 * <p>All of it is of one leader epoch: when a new one begins, everything is forgotten, and what is told of the old one afterwards is ignored.
 */
public final class Tail {
    /** What an entry costs beside its bytes, until it leaves: also where its bytes were dropped before. */
    private static final int ENTRY_OVERHEAD_BYTES = 200;

    private final long maxBytes;
    private final AtomicLong bytes = new AtomicLong();
    private final Map<Integer, PartitionTail> partitions = new ConcurrentHashMap<>();
    /** All cached batches, oldest first. */
    private final ArrayDeque<Cached> byAge = new ArrayDeque<>();

    private volatile Consumer<List<Batch>> announcer = batches -> {};
    private volatile int leaderEpoch = -1;

    public Tail(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** The range of a partition's log as this server knows it, and the leader epoch it was seen in. */
    public record Range(int leaderEpoch, long logStartOffset, long logEndOffset) {}

    /**
     * Records found in the cache.
     *
     * @param nextOffset the offset after the last of them
     */
    public record Found(List<Slice> slices, int recordCount, int byteCount, long nextOffset) {}

    /** A batch that was taken in, and may have been dropped since. */
    private record Cached(int partitionId, int leaderEpoch, long baseOffset, int recordCount, int byteCount) {}

    /** Whether there is a cache. */
    public boolean keepsRecords() {
        return maxBytes > 0;
    }

    /** The leader epoch everything here is of. */
    public int leaderEpoch() {
        return leaderEpoch;
    }

    /** Begins a leader epoch, unless it has begun: all is forgotten, and the partitions' listeners run, so that whoever waits asks the database. */
    public synchronized void enter(int newLeaderEpoch) {
        if (newLeaderEpoch <= leaderEpoch) {
            return;
        }
        leaderEpoch = newLeaderEpoch;
        synchronized (byAge) {
            partitions.values().forEach(partition -> enterIn(partition, newLeaderEpoch));
            int entries = byAge.size();
            byAge.removeIf(entry -> entry.leaderEpoch() < newLeaderEpoch);
            bytes.addAndGet(-(long) ENTRY_OVERHEAD_BYTES * (entries - byAge.size()));
        }
        partitions.values().forEach(PartitionTail::runListeners);
    }

    /** Forgets partitions that are there no more, as the database says, but for those somebody waits at. */
    public void forget(Set<Integer> partitionIds) {
        synchronized (byAge) {
            Set<Integer> forgotten = new HashSet<>();
            for (int id : partitionIds) {
                PartitionTail partition = partitions.get(id);
                if (partition != null && !partition.hasListeners()) {
                    partitions.remove(id);
                    bytes.addAndGet(-partition.drop());
                    forgotten.add(id);
                }
            }
            if (!forgotten.isEmpty()) {
                int entries = byAge.size();
                byAge.removeIf(entry -> forgotten.contains(entry.partitionId()));
                bytes.addAndGet(-(long) ENTRY_OVERHEAD_BYTES * (entries - byAge.size()));
            }
        }
    }

    /** The lowest partition ids above that one of which anything is known, in their order. */
    public List<Integer> partitionIdsAfter(int partitionId, int most) {
        return partitions.keySet().stream()
                .filter(id -> id > partitionId)
                .sorted()
                .limit(most)
                .toList();
    }

    private void enterIn(PartitionTail partition, int newLeaderEpoch) {
        bytes.addAndGet(-partition.enter(newLeaderEpoch));
    }

    /** The log ends this server has seen, by partition id. */
    public Map<Integer, Long> knownEnds() {
        Map<Integer, Long> ends = new HashMap<>();
        partitions.forEach((id, partition) -> {
            if (partition.end() > 0) {
                ends.put(id, partition.end());
            }
        });
        return ends;
    }

    /** Bytes held; for metrics. */
    public long cachedBytes() {
        return bytes.get();
    }

    /** A partition's range, or null when the database has not been asked for it yet. */
    public @Nullable Range range(int partitionId) {
        PartitionTail partition = partitions.get(partitionId);
        Range range = partition == null ? null : partition.range();
        return range == null || range.leaderEpoch() != leaderEpoch ? null : range;
    }

    /** A committed batch: where its first record is, and its records. */
    public record Batch(int partitionId, long baseOffset, int recordCount, Slice records) {
        public long endOffset() {
            return baseOffset + recordCount;
        }
    }

    /** Has every transaction's batches told to somebody, on the thread that appended them: it must be quick, and must not throw. */
    public void announceTo(Consumer<List<Batch>> newAnnouncer) {
        announcer = newAnnouncer;
    }

    /**
     * Takes in what one transaction committed, and only then runs the partitions' listeners: who reads several is woken to all of it.
     *
     * @param seenInEpoch the leader epoch it was committed in
     */
    public void appended(int seenInEpoch, List<Batch> batches) {
        announcer.accept(batches);
        Set<PartitionTail> moved = new LinkedHashSet<>();
        for (Batch batch : batches) {
            takeIn(partition(batch.partitionId()), seenInEpoch, batch, batch.endOffset(), moved);
        }
        moved.forEach(PartitionTail::runListeners);
    }

    /** @param moved gains the partition if its end moves */
    private void takeIn(
            PartitionTail partition,
            int seenInEpoch,
            @Nullable Batch batch,
            long logEndOffset,
            Set<PartitionTail> moved) {
        if (batch != null) {
            cache(partition, seenInEpoch, batch);
        }
        if (partition.moveEnd(seenInEpoch, logEndOffset)) {
            moved.add(partition);
        }
    }

    /**
     * What the database says of a partition.
     *
     * @param batch records that another server has appended, the first at the end that was known before; null for none
     */
    public record Seen(
            int partitionId, Range range, @Nullable Batch batch) {}

    /** Takes in what the database says of several partitions, and only then runs the listeners of those whose end has moved. */
    public void observed(List<Seen> seen) {
        Set<PartitionTail> moved = new LinkedHashSet<>();
        for (Seen of : seen) {
            PartitionTail partition = partition(of.partitionId());
            Range range = of.range();
            partition.observedStart(range.leaderEpoch(), range.logStartOffset());
            takeIn(partition, range.leaderEpoch(), of.batch(), range.logEndOffset(), moved);
        }
        moved.forEach(PartitionTail::runListeners);
    }

    private void cache(PartitionTail partition, int seenInEpoch, Batch batch) {
        int length = batch.records().length();
        if (ENTRY_OVERHEAD_BYTES + length > maxBytes) {
            return;
        }
        synchronized (byAge) {
            if (partitions.get(batch.partitionId()) != partition) {
                // Forgotten meanwhile: nobody would take it out again.
                return;
            }
            long dropped = partition.add(seenInEpoch, batch.baseOffset(), batch.recordCount(), batch.records());
            if (dropped != PartitionTail.NOT_KEPT) {
                bytes.addAndGet(ENTRY_OVERHEAD_BYTES + length - dropped);
                byAge.add(
                        new Cached(batch.partitionId(), seenInEpoch, batch.baseOffset(), batch.recordCount(), length));
                evict();
            }
        }
    }

    /** Takes in what the database says of a partition; its listeners run when the end has moved. */
    public void observed(int partitionId, Range seen) {
        observed(List.of(new Seen(partitionId, seen, null)));
    }

    /**
     * Somebody says that logs reach further than this server knows: to be read before it is said that nothing is there. Ignored for partitions whose range is
     * not known: the database is asked for those anyway.
     *
     * @param logEndOffsets by partition id
     * @return the partitions for which this is news
     */
    public List<Integer> hint(Map<Integer, Long> logEndOffsets) {
        List<Integer> news = new ArrayList<>();
        logEndOffsets.forEach((partitionId, logEndOffset) -> {
            PartitionTail partition = partitions.get(partitionId);
            if (partition != null && partition.hint(logEndOffset)) {
                news.add(partitionId);
            }
        });
        return news;
    }

    /** Every log may reach further than this server knows: who wants those that wait to know asks the database. */
    public void hintAll() {
        partitions.values().forEach(partition -> partition.hint(Long.MAX_VALUE));
    }

    /** Whether a hint says that the known end is behind, and the database has not been asked since. */
    public boolean isBehindHint(int partitionId) {
        PartitionTail partition = partitions.get(partitionId);
        return partition != null && partition.isBehindHint();
    }

    /** To be called before the database is asked for a partition's end, so that a hint that comes meanwhile is kept. */
    public void asking(int partitionId) {
        PartitionTail partition = partitions.get(partitionId);
        if (partition != null) {
            partition.forgetHint();
        }
    }

    /**
     * Cached records from an offset on; null when that offset is not in the cache. The first record is given whatever its size.
     *
     * @param seenInEpoch the leader epoch of the {@link #range} the offset lies in; null is returned when it is over
     */
    public @Nullable Found read(int seenInEpoch, int partitionId, long offset, int maxRecords, int maxBytes) {
        PartitionTail partition = partitions.get(partitionId);
        return partition == null ? null : partition.read(seenInEpoch, offset, maxRecords, maxBytes);
    }

    /** Runs the listener, on the thread that brings the news, whenever the partition's known end grows. It must be quick. */
    public void listen(int partitionId, Runnable listener) {
        partition(partitionId).listen(listener);
    }

    public void unlisten(int partitionId, Runnable listener) {
        PartitionTail partition = partitions.get(partitionId);
        if (partition != null) {
            partition.unlisten(listener);
        }
    }

    private PartitionTail partition(int partitionId) {
        PartitionTail partition = partitions.computeIfAbsent(partitionId, id -> new PartitionTail());
        // A new one; one that comes while an epoch begins has nothing to lose.
        enterIn(partition, leaderEpoch);
        return partition;
    }

    private void evict() {
        while (bytes.get() > maxBytes) {
            Cached oldest = byAge.remove();
            PartitionTail partition = partitions.get(oldest.partitionId());
            boolean wasThere = partition != null
                    && partition.remove(oldest.leaderEpoch(), oldest.baseOffset(), oldest.recordCount());
            bytes.addAndGet(-ENTRY_OVERHEAD_BYTES - (wasThere ? oldest.byteCount() : 0));
        }
    }
}
