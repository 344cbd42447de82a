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

    /** How many segments a topic may have beside each partition's first before the next ones are made larger, and how many more double them again. */
    static final int USUAL_FOLLOWERS = 100;

    private static final int FOLLOWERS_PER_DOUBLING = 25;

    /** The same for all segments of the log, as parts of the bound on them: from half of it on, again at each twentieth. */
    private static final int DOUBLINGS_PER_BOUND = 20;

    private static final int MAX_DOUBLINGS = 20;

    private SegmentSizing() {}

    /**
     * How many segments there are already.
     *
     * @param followers of the topic, without each partition's first
     * @param all of all topics
     * @param max of all topics; 0: no bound
     */
    record Crowd(int followers, int all, int max) {
        /** How often the next segment's size is doubled, so that their number grows with the logarithm of what they hold. */
        int doublings() {
            int ofTopic = (followers - USUAL_FOLLOWERS) / FOLLOWERS_PER_DOUBLING;
            int ofLog = max == 0 ? 0 : (int) ((all - max / 2L) * DOUBLINGS_PER_BOUND / max);
            return Math.max(0, Math.min(Math.max(ofTopic, ofLog), MAX_DOUBLINGS));
        }
    }

    /** @param recordBytes average size of the records seen */
    static long firstSegment(TopicConfig config, double recordBytes) {
        return bySize(config.segmentBytes() / FIRST_SEGMENT_FRACTION, recordBytes);
    }

    /**
     * @param recordBytes average size of the records seen
     * @param records how many the segment before has taken so far
     * @param taken in what time
     */
    static long nextSegment(TopicConfig config, double recordBytes, long records, Duration taken, Crowd crowd) {
        double segmentsOfThatTime = (double) config.segmentMs() / Math.max(taken.toMillis(), 1);
        long bySegmentMs = (long) Math.min(records * segmentsOfThatTime, MAX_RECORDS);
        long usual = Math.max(MIN_RECORDS, Math.min(bySize(config.segmentBytes(), recordBytes), bySegmentMs));
        return Math.min(usual << crowd.doublings(), MAX_RECORDS);
    }

    private static long bySize(long bytes, double recordBytes) {
        return Math.max(MIN_RECORDS, Math.min((long) (bytes / Math.max(recordBytes, 1)), MAX_RECORDS));
    }
}
