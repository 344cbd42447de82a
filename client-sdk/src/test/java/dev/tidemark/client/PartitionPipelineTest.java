package dev.tidemark.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.api.RecordProblem;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which batch goes out when, and under which sequence: without threads and without a server. */
class PartitionPipelineTest {
    private static final long NOW = 1_000_000;
    private static final TidemarkException AWAY = Failures.of(ErrorCode.BROKER_NOT_AVAILABLE, "away");

    private final PartitionBuffer buffer = new PartitionBuffer(new TopicPartition("t", 0), 600);
    private final PartitionPipeline pipeline = new PartitionPipeline(buffer, true, 5);
    private final ProducerIds ids = new ProducerIds();
    private final List<Batch> completed = new ArrayList<>();

    PartitionPipelineTest() {
        ids.received(new ProducerIdentity(7, (short) 0));
    }

    @Test
    void batchesGoOutTogetherEachUnderTheNextSequence() {
        batches(2, 3, 1);
        assertThat(sequences(next(), next(), next())).containsExactly("0/0", "0/2", "0/5");
        assertThat(next()).isNull();
    }

    @Test
    void noMoreAreOutThanTheLogCanTellApart() {
        batches(1, 1, 1, 1, 1, 1);
        List<Batch> out = List.of(next(), next(), next(), next(), next());
        assertThat(next()).isNull();
        // The first has no outcome yet, so its place is not free, whatever became of the others.
        appended(out.get(1), 1);
        assertThat(next()).isNull();
        appended(out.get(0), 0);
        assertThat(next()).isNotNull();
    }

    @Test
    void outcomesAreHandedOnInOrder() {
        batches(1, 1, 1);
        Batch first = next();
        Batch second = next();
        Batch third = next();
        appended(third, 2);
        appended(second, 1);
        assertThat(completed).isEmpty();
        appended(first, 0);
        assertThat(completed).containsExactly(first, second, third);
    }

    @Test
    void afterALostAnswerTheSameSequenceGoesOutAgainAloneAndNothingNewBeforeIt() {
        batches(1, 1, 1);
        Batch first = next();
        Batch second = next();
        brokenOff(first);
        // The second is still out; the first is before it, so it may go at once.
        assertThat(next()).isSameAs(first);
        assertThat(first.baseSequence).isZero();
        assertThat(next()).as("a new batch while a repeated one is out").isNull();
        brokenOff(second);
        assertThat(next()).as("the second while the first is out").isNull();
        appended(first, 0);
        assertThat(next()).isSameAs(second);
        assertThat(second.baseSequence).isEqualTo(1);
    }

    @Test
    void aRetryWaitsForItsTime() {
        batches(1);
        Batch first = next();
        pipeline.settle(first, new Verdict.BrokenOff(AWAY, Duration.ZERO), NOW, NOW + 500);
        SendChance early = chance(NOW + 100);
        assertThat(pipeline.next(early, 10_000, ids)).isNull();
        assertThat(early.quietNanos()).isEqualTo(400);
        assertThat(pipeline.next(chance(NOW + 500), 10_000, ids)).isSameAs(first);
    }

    @Test
    void aBatchThatOvertookAnotherKeepsItsSequence() {
        batches(1, 1);
        Batch first = next();
        Batch second = next();
        outOfOrder(second);
        assertThat(next()).isNull();
        appended(first, 0);
        assertThat(next()).isSameAs(second);
        assertThat(sequences(second)).containsExactly("0/1");
    }

    /** The answers may cross: the second's refusal, from before the first was appended, is read after the first's success. */
    @Test
    void aRefusalFromBeforeTheOtherWasAppendedBreaksNothing() {
        batches(1, 1);
        Batch first = next();
        Batch second = next();
        appended(first, 0);
        outOfOrder(second);
        assertThat(next()).isSameAs(second);
        assertThat(sequences(second)).containsExactly("0/1");
        outOfOrder(second);
        assertThat(sequences(next())).as("alone and still refused").containsExactly("1/0");
    }

    @Test
    void afterARefusalForGoodTheLaterOnesGoOutAgainUnderTheNextEpoch() {
        batches(2, 2, 2, 2);
        Batch first = next();
        Batch second = next();
        Batch third = next();
        refused(second, ErrorCode.INVALID_TIMESTAMP);
        assertThat(next()).as("a new batch while the old epoch's are out").isNull();
        outOfOrder(third);
        assertThat(next()).as("the next epoch while the first is out").isNull();
        appended(first, 0);
        assertThat(completed).containsExactly(first, second);
        assertThat(sequences(next())).containsExactly("1/0");
        assertThat(third.state).isEqualTo(Batch.State.IN_FLIGHT);
        appended(third, 2);
        assertThat(sequences(next())).containsExactly("1/2");
    }

    @Test
    void beforeABreakTheOldEpochIsSettledFirst() {
        batches(1, 1, 1);
        Batch first = next();
        Batch second = next();
        Batch third = next();
        refused(second, ErrorCode.INVALID_TIMESTAMP);
        brokenOff(first);
        brokenOff(third);
        // The first may be in the log: only its own sequence can tell.
        assertThat(next()).isSameAs(first);
        assertThat(sequences(first)).containsExactly("0/0");
        assertThat(next()).isNull();
        appended(first, 0);
        assertThat(next()).isSameAs(third);
        assertThat(sequences(third)).containsExactly("1/0");
    }

    @Test
    void aBatchThatRanOutOfTimeLeavesTheAnswerToTheNext() {
        batches(1, 1);
        Batch first = next();
        brokenOff(first);
        pipeline.expire(new SendChance(NOW, NOW, Long.MAX_VALUE / 2), 1_000, completed::add);
        assertThat(completed).hasSize(2);
        batches(1, 1);
        Batch third = next();
        assertThat(sequences(third))
                .as("had the first arrived, this would follow")
                .containsExactly("0/1");
        Batch fourth = next();
        outOfOrder(third);
        outOfOrder(fourth);
        assertThat(sequences(next())).containsExactly("1/0");
        appended(third, 0);
        assertThat(sequences(next())).containsExactly("1/1");
    }

    @Test
    void anUnexpectedErrorOfTheServerBreaksNothingYet() {
        batches(1, 1);
        Batch first = next();
        Batch second = next();
        refused(first, ErrorCode.UNKNOWN_SERVER_ERROR);
        // It was appended after all.
        appended(second, 1);
        assertThat(completed).containsExactly(first, second);
        batches(1);
        assertThat(sequences(next())).containsExactly("0/2");
    }

    @Test
    void aFencedBatchGoesOutUnderTheNextEpoch() {
        batches(1);
        Batch first = next();
        refused(first, ErrorCode.INVALID_PRODUCER_EPOCH);
        assertThat(next()).isSameAs(first);
        assertThat(sequences(first)).containsExactly("1/0");
    }

    @Test
    void withoutTheRefusedRecordsTheRestGoesOutAgain() {
        batches(3);
        Batch batch = next();
        List<RecordProblem> problems = List.of(new RecordProblem(1, "INVALID_RECORD", "bad"));
        List<Runnable> failures = pipeline.settle(
                batch, new Verdict.Refused(Failures.of(ErrorCode.INVALID_RECORD, "bad"), problems), NOW, NOW);
        assertThat(failures).hasSize(1);
        assertThat(next()).isSameAs(batch);
        assertThat(batch.count()).isEqualTo(2);
        assertThat(sequences(batch)).containsExactly("1/0");
    }

    @Test
    void afterTheLastEpochComesAnotherId() {
        ids.received(new ProducerIdentity(7, Short.MAX_VALUE));
        batches(1);
        refused(next(), ErrorCode.INVALID_TIMESTAMP);
        batches(1);
        SendChance chance = chance(NOW);
        assertThat(pipeline.next(chance, 10_000, ids)).isNull();
        assertThat(chance.needsIdentity()).isTrue();
        ids.received(new ProducerIdentity(8, (short) 0));
        Batch second = next();
        assertThat(second.identity).isEqualTo(new ProducerIdentity(8, (short) 0));
        assertThat(second.baseSequence).isZero();
    }

    @Test
    void sequencesWrapAfterTwoToThe31() {
        batches(1);
        Batch first = next();
        appended(first, 0);
        pipeline.continueAt(Integer.MAX_VALUE - 1);
        batches(3, 1);
        assertThat(sequences(next(), next())).containsExactly("0/" + (Integer.MAX_VALUE - 1), "0/1");
    }

    @Test
    void withoutIdempotenceOneIsOutAtATimeAndNothingHasASequence() {
        PartitionPipeline plain = new PartitionPipeline(buffer, false, 5);
        batches(1, 1);
        Batch first = plain.next(chance(NOW), 10_000, ids);
        assertThat(first.identity).isNull();
        assertThat(plain.next(chance(NOW), 10_000, ids)).isNull();
        plain.settle(first, new Verdict.BrokenOff(AWAY, Duration.ZERO), NOW, NOW);
        assertThat(plain.next(chance(NOW), 10_000, ids)).isSameAs(first);
    }

    /** Full batches of so many records each. */
    private void batches(int... counts) {
        for (int count : counts) {
            for (int i = 0; i < count; i++) {
                byte[] value = new byte[600 / count - 50];
                int size = 50 + value.length;
                PartitionBuffer.Appended appended =
                        buffer.append(new Chunk(new byte[1000], 1000), 0, null, value, null, size, null, batch -> {});
                assertThat(appended.record()).isNotNull();
            }
        }
    }

    private Batch next() {
        return pipeline.next(chance(NOW), 10_000, ids);
    }

    private static SendChance chance(long now) {
        return new SendChance(now, Long.MAX_VALUE / 2, Long.MIN_VALUE / 2);
    }

    private void appended(Batch batch, long baseOffset) {
        settle(batch, new Verdict.Appended(baseOffset, -1));
    }

    private void brokenOff(Batch batch) {
        settle(batch, new Verdict.BrokenOff(AWAY, Duration.ZERO));
    }

    private void outOfOrder(Batch batch) {
        refused(batch, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
    }

    private void refused(Batch batch, ErrorCode error) {
        settle(batch, new Verdict.Refused(Failures.of(error, "no"), List.of()));
    }

    private void settle(Batch batch, Verdict verdict) {
        pipeline.settle(batch, verdict, NOW, NOW);
        pipeline.complete(completed::add);
    }

    /** Epoch and base sequence of each. */
    private static List<String> sequences(Batch... batches) {
        List<String> sequences = new ArrayList<>();
        for (Batch batch : batches) {
            sequences.add(batch.identity.epoch() + "/" + batch.baseSequence);
        }
        return sequences;
    }
}
