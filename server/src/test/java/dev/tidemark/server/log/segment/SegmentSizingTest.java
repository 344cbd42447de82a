package dev.tidemark.server.log.segment;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.server.log.segment.SegmentSizing.Crowd;
import dev.tidemark.server.topic.DataType;
import dev.tidemark.server.topic.TopicConfig;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SegmentSizingTest {
    private static final Crowd FEW = new Crowd(3, 100, 10_000);

    @ParameterizedTest
    @CsvSource({
        "1073741824, 128, 1048576", // an eighth of segment.bytes
        "1073741824, 1000000, 1000", // large records: never fewer than 1,000
        "1024, 100, 1000",
        "1099511627776, 0.5, 1000000000", // never more than a thousand million
    })
    void firstSegmentFollowsTheFirstBatchCautiously(long segmentBytes, double recordBytes, long records) {
        assertThat(SegmentSizing.firstSegment(config(segmentBytes, Long.MAX_VALUE), recordBytes))
                .isEqualTo(records);
    }

    @Test
    void nextSegmentHoldsSegmentBytes() {
        assertThat(SegmentSizing.nextSegment(config(1 << 30, Long.MAX_VALUE), 128, 500, Duration.ofMillis(1), FEW))
                .isEqualTo((1 << 30) / 128);
    }

    @Test
    void nextSegmentHoldsNoMoreThanSegmentMsBrings() {
        // 10,000 records an hour, for segments of a day.
        long day = Duration.ofDays(1).toMillis();
        assertThat(SegmentSizing.nextSegment(config(1 << 30, day), 128, 10_000, Duration.ofHours(1), FEW))
                .isEqualTo(240_000);
    }

    @Test
    void burstOfNoTimeIsNotMistakenForForever() {
        assertThat(SegmentSizing.nextSegment(config(1 << 30, 1), 128, 500, Duration.ZERO, FEW))
                .isEqualTo(1_000);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 10, 10000, 0",
        "100, 200, 10000, 0", // as many as a topic may have before its segments grow
        "124, 200, 10000, 0",
        "125, 200, 10000, 1",
        "350, 400, 10000, 10",
        "100000, 100000, 0, 20", // never past a million times
        "0, 5499, 10000, 0", // half of the bound on all, and a twentieth more
        "0, 5500, 10000, 1",
        "0, 10000, 10000, 10",
        "0, 9000, 0, 0", // no bound
    })
    void segmentsGrowWithTheirNumber(int followers, int all, int max, int doublings) {
        assertThat(new Crowd(followers, all, max).doublings()).isEqualTo(doublings);
    }

    @Test
    void nextSegmentOfManyIsLargerButHasABound() {
        Crowd many = new Crowd(150, 200, 10_000);
        assertThat(SegmentSizing.nextSegment(config(1 << 30, Long.MAX_VALUE), 128, 500, Duration.ofMillis(1), many))
                .isEqualTo(4L * (1 << 30) / 128);
        Crowd tooMany = new Crowd(100_000, 100_000, 10_000);
        assertThat(SegmentSizing.nextSegment(config(1 << 30, Long.MAX_VALUE), 1, 500, Duration.ofMillis(1), tooMany))
                .isEqualTo(1_000_000_000);
    }

    @Test
    void aTerabyteTakesAFewHundredSegmentsOfATopicWhateverTheirSetting() {
        for (long segmentBytes : new long[] {1 << 20, 100 << 20, 1 << 30}) {
            long bytes = 0;
            int segments = 0;
            while (bytes < 1L << 40) {
                Crowd crowd = new Crowd(segments, segments, 0);
                bytes += 100
                        * SegmentSizing.nextSegment(
                                config(segmentBytes, Long.MAX_VALUE), 100, 500, Duration.ofMillis(1), crowd);
                segments++;
            }
            assertThat(segments).as("of %s bytes each", segmentBytes).isLessThan(500);
        }
    }

    private static TopicConfig config(long segmentBytes, long segmentMs) {
        return new TopicConfig(
                DataType.BYTES, DataType.BYTES, 1_048_588, segmentBytes, segmentMs, false, 0, 0, false, Map.of());
    }
}
