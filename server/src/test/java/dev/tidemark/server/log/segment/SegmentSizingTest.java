package dev.tidemark.server.log.segment;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.server.topic.DataType;
import dev.tidemark.server.topic.TopicConfig;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SegmentSizingTest {
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
        assertThat(SegmentSizing.nextSegment(config(1 << 30, Long.MAX_VALUE), 128, 500, Duration.ofMillis(1)))
                .isEqualTo((1 << 30) / 128);
    }

    @Test
    void nextSegmentHoldsNoMoreThanSegmentMsBrings() {
        // 10,000 records an hour, for segments of a day.
        long day = Duration.ofDays(1).toMillis();
        assertThat(SegmentSizing.nextSegment(config(1 << 30, day), 128, 10_000, Duration.ofHours(1)))
                .isEqualTo(240_000);
    }

    @Test
    void burstOfNoTimeIsNotMistakenForForever() {
        assertThat(SegmentSizing.nextSegment(config(1 << 30, 1), 128, 500, Duration.ZERO))
                .isEqualTo(1_000);
    }

    private static TopicConfig config(long segmentBytes, long segmentMs) {
        return new TopicConfig(
                DataType.BYTES, DataType.BYTES, 1_048_588, segmentBytes, segmentMs, false, 0, 0, false, Map.of());
    }
}
