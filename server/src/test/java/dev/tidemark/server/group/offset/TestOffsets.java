package dev.tidemark.server.group.offset;

import dev.tidemark.protocol.api.CommitOffsetsRequest;
import dev.tidemark.protocol.api.OffsetToCommit;
import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.testing.TestDatabase;
import java.util.ArrayList;
import java.util.List;

/** Committed offsets over a test's log. */
final class TestOffsets {
    private TestOffsets() {}

    static GroupOffsets of(TestDatabase database, TestLog log) {
        return of(database, log, GroupOffsets.Retention.DEFAULT);
    }

    static GroupOffsets of(TestDatabase database, TestLog log, GroupOffsets.Retention retention) {
        return new GroupOffsets(database.database(), log.topics(), log.log(), retention, log.metrics);
    }

    /** Without a member, from partition 0 on. */
    static CommitOffsetsRequest request(String topic, long... offsets) {
        return request(null, null, topic, offsets);
    }

    static CommitOffsetsRequest request(String memberId, Integer generation, String topic, long... offsets) {
        return request(memberId, generation, null, topic, offsets);
    }

    static CommitOffsetsRequest request(
            String memberId, Integer generation, Long commitNumber, String topic, long... offsets) {
        List<OffsetToCommit> list = new ArrayList<>();
        for (int partition = 0; partition < offsets.length; partition++) {
            list.add(new OffsetToCommit(topic, partition, offsets[partition], null, null));
        }
        return new CommitOffsetsRequest(memberId, generation, commitNumber, list);
    }
}
