package dev.tidemark.server.log.segment;

import dev.tidemark.server.topic.TopicConfig;
import java.time.Duration;

/**
 * How many records a segment is made to hold. Its bounds are fixed when it is made, before its records are known, so they follow from the sizes and
 * the pace observed so far.
 */
final class SegmentSizing {
    /** Segments are tables, and tables are locks: even tiny settings do not make more of them than one for so many records. */
    static final long MIN_RECORDS = 1_000;

    static final long MAX_RECORDS = 1_000_000_000;

    /** A partition's first segment is sized after one batch, which may not be typical, so it is made this much smaller. */
    private static final int FIRST_SEGMENT_FRACTION = 8;

    private SegmentSizing() {}

    /** @param recordBytes average size of the records seen */
    static long firstSegment(TopicConfig config, double recordBytes) {
        return bySize(config.segmentBytes() / FIRST_SEGMENT_FRACTION, recordBytes);
    }

    /**
     * @param recordBytes average size of the records seen
     * @param records how many the segment before has taken so far
     * @param taken in what time
     */
    static long nextSegment(TopicConfig config, double recordBytes, long records, Duration taken) {
        double segmentsOfThatTime = (double) config.segmentMs() / Math.max(taken.toMillis(), 1);
        long bySegmentMs = (long) Math.min(records * segmentsOfThatTime, MAX_RECORDS);
        return Math.max(MIN_RECORDS, Math.min(bySize(config.segmentBytes(), recordBytes), bySegmentMs));
    }

    private static long bySize(long bytes, double recordBytes) {
        return Math.max(MIN_RECORDS, Math.min((long) (bytes / Math.max(recordBytes, 1)), MAX_RECORDS));
    }
}
