package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.cli.LastRecords.Candidate;
import dev.tidemark.client.TopicPartition;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LastRecordsTest {
    private static final TopicPartition P0 = new TopicPartition("t", 0);
    private static final TopicPartition P1 = new TopicPartition("t", 1);
    private static final TopicPartition P2 = new TopicPartition("t", 2);

    @Test
    void newestRecordsOfAllPartitionsAreTaken() {
        assertThat(LastRecords.choose(
                        4,
                        Map.of(P0, records(10, 1, 4, 7), P1, records(20, 5, 6, 8)),
                        Map.of(P0, 13L, P1, 23L, P2, 0L)))
                .isEqualTo(Map.of(P0, 12L, P1, 20L, P2, 0L));
    }

    @Test
    void partitionWithOlderRecordsOnlyStartsAtItsEnd() {
        assertThat(LastRecords.choose(2, Map.of(P0, records(0, 1, 2), P1, records(0, 8, 9)), Map.of(P0, 2L, P1, 2L)))
                .isEqualTo(Map.of(P0, 2L, P1, 0L));
    }

    @Test
    void timestampsThatGoBackwardsDoNotTearAPartitionsEndApart() {
        assertThat(LastRecords.choose(
                        2, Map.of(P0, records(0, 1, 99, 2), P1, records(0, 3, 4, 5)), Map.of(P0, 3L, P1, 3L)))
                .isEqualTo(Map.of(P0, 3L, P1, 1L));
    }

    @Test
    void thereMayBeFewerThanAskedFor() {
        assertThat(LastRecords.choose(9, Map.of(P0, records(5, 1, 2)), Map.of(P0, 7L)))
                .isEqualTo(Map.of(P0, 5L));
    }

    private static List<Candidate> records(long firstOffset, long... timestamps) {
        List<Candidate> records = new ArrayList<>();
        for (int i = 0; i < timestamps.length; i++) {
            records.add(new Candidate(firstOffset + i, timestamps[i]));
        }
        return records;
    }
}
