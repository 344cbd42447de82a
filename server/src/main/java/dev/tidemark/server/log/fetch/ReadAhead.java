package dev.tidemark.server.log.fetch;

import java.sql.SQLException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads on where a consumer reads along, so that PostgreSQL works on the next records while the last ones travel. Thread-safe.
 *
 * <p>Like an operating system's file read-ahead it begins at the second read that goes on where another ended; unlike it, it gives way: nothing is read
 * ahead while fetches wait for a thread, or beyond the bound on memory. What nobody asks for is dropped.
 */
final class ReadAhead {
    private static final long MAX_AGE_NANOS = TimeUnit.SECONDS.toNanos(5);

    /** Ends of reads that are remembered. */
    private static final int MAX_ENDS = 10_000;

    private final Source source;
    private final ThreadPoolExecutor readers;
    private final long maxBytes;
    private final LongSupplier nanoClock;

    private final Map<Place, Reading> readings = new LinkedHashMap<>();
    private final Map<Place, Boolean> ends = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Place, Boolean> eldest) {
            return size() > MAX_ENDS;
        }
    };
    private long reservedBytes;

    /**
     * @param readers given reads as long as no other task waits in its queue
     * @param maxBytes of records that were read or are being read, and not asked for yet; 0 to read nothing ahead
     */
    ReadAhead(Source source, ThreadPoolExecutor readers, long maxBytes, LongSupplier nanoClock) {
        this.source = source;
        this.readers = readers;
        this.maxBytes = maxBytes;
        this.nanoClock = nanoClock;
    }

    /** Where records are read from: see {@link LogReader#read}. */
    interface Source {
        LogReader.@Nullable Read read(int partitionId, long offset, int maxRecords, int maxBytes) throws SQLException;
    }

    private record Place(int partitionId, long offset) {}

    private static final class Reading extends FutureTask<LogReader.@Nullable Read> {
        final int maxRecords;
        final int maxBytes;
        final long begunNanos;

        Reading(Source source, Place from, int maxRecords, int maxBytes, long begunNanos) {
            super(() -> source.read(from.partitionId(), from.offset(), maxRecords, maxBytes));
            this.maxRecords = maxRecords;
            this.maxBytes = maxBytes;
            this.begunNanos = begunNanos;
        }
    }

    /** Whether records from there on are read, or being read. */
    synchronized boolean holds(int partitionId, long offset) {
        return readings.containsKey(new Place(partitionId, offset));
    }

    /** The records from there on, once they are read; null when they were not read ahead, or are more than that. */
    LogReader.@Nullable Read take(int partitionId, long offset, int maxRecords, int maxBytes) throws SQLException {
        Reading reading = remove(new Place(partitionId, offset), maxRecords, maxBytes);
        if (reading == null) {
            return null;
        }
        // Where no thread has come to it yet; else this does nothing.
        reading.run();
        try {
            return reading.get();
        } catch (ExecutionException | CancellationException e) {
            // Whoever asks reads it again, and is told.
            return null;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SQLException("interrupted while records were read", e);
        }
    }

    private synchronized @Nullable Reading remove(Place place, int maxRecords, int maxBytes) {
        Reading reading = readings.get(place);
        if (reading == null || reading.maxRecords > maxRecords || reading.maxBytes > maxBytes) {
            return null;
        }
        readings.remove(place);
        reservedBytes -= reading.maxBytes;
        return reading;
    }

    /**
     * Is told of each read, and begins the next where it pays.
     *
     * @param maxRecords that the next fetch will take
     * @param maxBytes that the next fetch will take
     */
    synchronized void follow(int partitionId, long offset, LogReader.Read read, int maxRecords, int maxBytes) {
        boolean isAlong = ends.remove(new Place(partitionId, offset)) != null;
        if (read.isAtLogEnd() || this.maxBytes == 0) {
            return;
        }
        Place next = new Place(partitionId, read.nextOffset());
        ends.put(next, true);
        // As much again, or twice that where records grow: a fetch of few records may allow for very large ones.
        int bytes = (int) Math.min(maxBytes, 2L * read.byteCount());
        if (isAlong && !readings.containsKey(next) && hasRoom(bytes)) {
            begin(next, new Reading(source, next, maxRecords, bytes, nanoClock.getAsLong()));
        }
    }

    private boolean hasRoom(int bytes) {
        return reservedBytes + bytes <= maxBytes && readers.getQueue().isEmpty();
    }

    private void begin(Place place, Reading reading) {
        try {
            readers.execute(reading);
        } catch (RejectedExecutionException stopping) {
            return;
        }
        readings.put(place, reading);
        reservedBytes += reading.maxBytes;
    }

    /** To be called every second or so. */
    synchronized void dropOld() {
        long now = nanoClock.getAsLong();
        Iterator<Reading> oldest = readings.values().iterator();
        while (oldest.hasNext()) {
            Reading reading = oldest.next();
            if (now - reading.begunNanos < MAX_AGE_NANOS) {
                return;
            }
            reading.cancel(false);
            reservedBytes -= reading.maxBytes;
            oldest.remove();
        }
    }

    /** Bytes that are or may be held. */
    synchronized long reservedBytes() {
        return reservedBytes;
    }
}
