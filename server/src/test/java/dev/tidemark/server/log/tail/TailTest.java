package dev.tidemark.server.log.tail;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.protocol.RecordLayout;
import dev.tidemark.server.log.TestLog;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TailTest {
    private static final int RECORD_BYTES = RecordLayout.size(-1, 1, -1);

    private static final int EPOCH = 3;

    private final Tail tail = tailOf(10_000);

    @Test
    void rangeIsUnknownUntilTheDatabaseWasAsked() {
        append(1, 0, 5);
        assertThat(tail.range(1)).isNull();

        tail.observed(1, seen(2, 5));
        assertThat(tail.range(1)).isEqualTo(seen(2, 5));
    }

    @Test
    void partitionsThatAreForgottenLeaveNothingBehind() {
        append(1, 0, 5);
        long bytesOfOther = tail.cachedBytes();
        append(2, 0, 5);
        tail.observed(2, seen(0, 5));

        tail.forget(Set.of(2, 3));

        assertThat(tail.range(2)).isNull();
        assertThat(tail.read(EPOCH, 2, 0, 100, 100_000)).isNull();
        assertThat(tail.knownEnds()).containsOnlyKeys(1);
        assertThat(tail.cachedBytes()).isEqualTo(bytesOfOther);
        assertThat(offsets(tail.read(EPOCH, 1, 0, 100, 100_000))).hasSize(5);
        assertThat(tail.partitionIdsAfter(-1, 10)).containsExactly(1);
    }

    @Test
    void partitionsSomebodyWaitsAtAreNotForgotten() {
        tail.observed(1, seen(0, 5));
        List<Integer> woken = new ArrayList<>();
        tail.listen(1, () -> woken.add(1));

        tail.forget(Set.of(1));
        append(1, 5, 1);

        assertThat(woken).containsExactly(1);
    }

    @Test
    void whatIsKnownOfIsListedInSlices() {
        for (int id : new int[] {5, 3, 9, 1}) {
            tail.observed(id, seen(0, 0));
        }

        assertThat(tail.partitionIdsAfter(-1, 2)).containsExactly(1, 3);
        assertThat(tail.partitionIdsAfter(3, 2)).containsExactly(5, 9);
        assertThat(tail.partitionIdsAfter(9, 2)).isEmpty();
    }

    @Test
    void knownEndNeverGoesBack() {
        tail.observed(1, seen(0, 10));
        tail.observed(1, seen(0, 7));
        assertThat(tail.range(1)).isEqualTo(seen(0, 10));
    }

    @Test
    void recordsAreFoundAcrossBatchesFromAnyOffset() {
        append(1, 0, 5);
        append(1, 5, 5);
        for (int offset = 0; offset < 10; offset++) {
            assertThat(offsets(tail.read(EPOCH, 1, offset, 100, 100_000)))
                    .containsExactlyElementsOf(
                            IntStream.range(offset, 10).mapToObj(i -> (long) i).toList());
        }
        assertThat(tail.read(EPOCH, 1, 10, 100, 100_000)).isNull();
        assertThat(tail.read(EPOCH, 2, 0, 100, 100_000)).isNull();
    }

    @Test
    void boundsCutWithinBatches() {
        append(1, 0, 5);
        append(1, 5, 5);
        assertThat(offsets(tail.read(EPOCH, 1, 3, 4, 100_000))).containsExactly(3L, 4L, 5L, 6L);
        assertThat(offsets(tail.read(EPOCH, 1, 4, 100, 2 * RECORD_BYTES + 1))).containsExactly(4L, 5L);
        assertThat(offsets(tail.read(EPOCH, 1, 4, 100, 0)))
                .as("the first always fits")
                .containsExactly(4L);
    }

    @Test
    void oldestBatchesLeaveWhenTheCacheIsFull() {
        for (int i = 0; i < 1_000; i++) {
            append(i % 3, i / 3, 1);
        }
        assertThat(tail.cachedBytes()).isLessThanOrEqualTo(10_000).isPositive();
        assertThat(tail.read(EPOCH, 0, 0, 1, 1_000)).isNull();
        assertThat(tail.read(EPOCH, 0, 333, 1, 1_000)).isNotNull();
    }

    @Test
    void batchAfterAnotherServersStartsTheRunAnew() {
        append(1, 0, 5);
        append(1, 8, 2);
        assertThat(tail.read(EPOCH, 1, 0, 100, 100_000)).isNull();
        assertThat(tail.read(EPOCH, 1, 6, 100, 100_000)).isNull();
        assertThat(offsets(tail.read(EPOCH, 1, 8, 100, 100_000))).containsExactly(8L, 9L);
    }

    @Test
    void whatIsKeptOfDroppedBatchesIsBoundedToo() {
        for (int i = 0; i < 10_000; i++) {
            append(1, 2L * i, 1);
        }
        assertThat(tail.cachedBytes())
                .as("one batch, and what was noted of those before it")
                .isBetween(9_000L, 10_000L);
        assertThat(tail.read(EPOCH, 1, 19_998, 1, 1_000)).isNotNull();
    }

    @Test
    void whatWasReadIsTakenInBesideWhatWasAppendedMeanwhile() {
        append(1, 0, 5);
        append(1, 8, 2);
        observe(1, 5, 4, 10);
        assertThat(offsets(tail.read(EPOCH, 1, 8, 100, 100_000)))
                .as("reaches no further")
                .containsExactly(8L, 9L);
        observe(1, 8, 4, 12);
        assertThat(offsets(tail.read(EPOCH, 1, 9, 100, 100_000)))
                .as("reaches further")
                .containsExactly(9L, 10L, 11L);
    }

    @Test
    void batchesThatBeginAtTheSameOffsetLeaveTheCacheOnceEach() {
        append(1, 0, 1);
        observe(1, 0, 4, 4);
        for (int i = 0; i < 1_000; i++) {
            append(2, i, 1);
        }
        assertThat(tail.read(EPOCH, 1, 0, 1, 1_000)).isNull();
        long full = tail.cachedBytes();
        for (int i = 1_000; i < 2_000; i++) {
            append(2, i, 1);
        }
        assertThat(tail.cachedBytes()).isEqualTo(full);
    }

    /** Records from an offset on, read when the log ended there. */
    private void observe(int partitionId, long baseOffset, int count, long logEndOffset) {
        Tail.Batch batch = new Tail.Batch(partitionId, baseOffset, count, slice(baseOffset, count));
        tail.observed(List.of(new Tail.Seen(partitionId, seen(0, logEndOffset), batch)));
    }

    @Test
    void cacheOfNoBytesKeepsNothingButKnowsTheEnd() {
        Tail none = tailOf(0);
        none.observed(1, seen(0, 0));
        none.appended(EPOCH, List.of(new Tail.Batch(1, 0, 1, slice(0, 1))));
        assertThat(none.read(EPOCH, 1, 0, 1, 100)).isNull();
        assertThat(none.range(1)).isEqualTo(seen(0, 1));
        assertThat(none.cachedBytes()).isZero();
    }

    @Test
    void recordsBelowTheLogStartAreOutOfSight() {
        append(1, 0, 5);
        tail.observed(1, seen(3, 5));
        assertThat(tail.read(EPOCH, 1, 2, 100, 100_000)).isNull();
        assertThat(offsets(tail.read(EPOCH, 1, 3, 100, 100_000))).containsExactly(3L, 4L);
    }

    @Test
    void listenersHearOfEveryGrowthUntilTheyLeave() {
        List<String> heard = new ArrayList<>();
        Runnable listener = () -> heard.add("grew");
        tail.listen(1, listener);

        append(1, 0, 1);
        tail.observed(1, seen(0, 1));
        tail.observed(1, seen(0, 2));
        tail.unlisten(1, listener);
        append(1, 2, 1);

        assertThat(heard).hasSize(2);
    }

    @Test
    void whoIsWokenFindsEverythingThatWasCommittedTogether() {
        List<Long> ends = new ArrayList<>();
        tail.observed(1, seen(0, 0));
        tail.observed(2, seen(0, 0));
        tail.listen(1, () -> ends.add(tail.range(2).logEndOffset()));

        tail.appended(EPOCH, List.of(new Tail.Batch(1, 0, 1, slice(0, 1)), new Tail.Batch(2, 0, 3, slice(0, 3))));

        assertThat(ends).containsExactly(3L);
    }

    @Test
    void newLeaderEpochForgetsEverythingAndWakesThoseWhoWait() {
        List<String> heard = new ArrayList<>();
        append(1, 0, 5);
        tail.observed(1, seen(0, 5));
        tail.listen(1, () -> heard.add("woken"));

        tail.enter(EPOCH + 1);

        assertThat(heard).containsExactly("woken");
        assertThat(tail.range(1)).isNull();
        assertThat(tail.read(EPOCH, 1, 0, 100, 100_000)).isNull();
        assertThat(tail.read(EPOCH + 1, 1, 0, 100, 100_000)).isNull();
        assertThat(tail.cachedBytes()).isZero();
        assertThat(tail.knownEnds()).isEmpty();
    }

    @Test
    void newsOfAnEarlierLeaderEpochIsIgnored() {
        tail.enter(EPOCH + 1);
        append(1, 0, 5);
        tail.observed(1, seen(0, 5));
        assertThat(tail.range(1)).isNull();
        assertThat(tail.cachedBytes()).isZero();

        Tail.Range shorter = new Tail.Range(EPOCH + 1, 0, 2);
        tail.observed(1, shorter);
        assertThat(tail.range(1)).isEqualTo(shorter);
    }

    @Test
    void leaderEpochNeverGoesBack() {
        tail.observed(1, seen(0, 5));
        tail.enter(EPOCH - 1);
        assertThat(tail.leaderEpoch()).isEqualTo(EPOCH);
        assertThat(tail.knownEnds()).containsEntry(1, 5L);
    }

    @Test
    void entriesOfAnEarlierLeaderEpochDoNotLeaveInPlaceOfNewOnes() {
        append(1, 0, 1);
        tail.enter(EPOCH + 1);
        for (int i = 0; i < 1_000; i++) {
            tail.appended(EPOCH + 1, List.of(new Tail.Batch(1, i, 1, slice(i, 1))));
        }
        assertThat(tail.cachedBytes()).isLessThanOrEqualTo(10_000).isPositive();
        assertThat(tail.read(EPOCH + 1, 1, 999, 1, 1_000)).isNotNull();
    }

    private static Tail tailOf(long maxBytes) {
        Tail tail = new Tail(maxBytes);
        tail.enter(EPOCH);
        return tail;
    }

    private static Tail.Range seen(long logStartOffset, long logEndOffset) {
        return new Tail.Range(EPOCH, logStartOffset, logEndOffset);
    }

    private void append(int partitionId, long baseOffset, int count) {
        tail.appended(EPOCH, List.of(new Tail.Batch(partitionId, baseOffset, count, slice(baseOffset, count))));
    }

    private static Slice slice(long baseOffset, int count) {
        ProduceFrame.Batch batch =
                TestLog.batch(0, IntStream.range(0, count).mapToObj(i -> "v").toArray(String[]::new));
        for (int i = 0; i < count; i++) {
            RecordLayout.setOffset(batch.bytes(), i * RECORD_BYTES, baseOffset + i);
        }
        return new Slice(batch.bytes(), 0, batch.length());
    }

    private static List<Long> offsets(Tail.Found found) {
        List<Long> offsets = new ArrayList<>();
        for (Slice slice : found.slices()) {
            for (int at = slice.at(); at < slice.at() + slice.length(); at = RecordLayout.end(slice.bytes(), at)) {
                offsets.add(RecordLayout.offset(slice.bytes(), at));
            }
        }
        assertThat(found.recordCount()).isEqualTo(offsets.size());
        assertThat(found.nextOffset()).isEqualTo(offsets.get(offsets.size() - 1) + 1);
        return offsets;
    }
}
