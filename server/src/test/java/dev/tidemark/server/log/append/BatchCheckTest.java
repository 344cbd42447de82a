package dev.tidemark.server.log.append;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.Header;
import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.protocol.RecordError;
import dev.tidemark.protocol.RecordLayout;
import dev.tidemark.server.log.TestLog;
import dev.tidemark.server.topic.DataType;
import dev.tidemark.server.topic.Topic;
import dev.tidemark.server.topic.TopicConfig;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BatchCheckTest {
    private static final long NOW = 1_800_000_000_000L;

    private static final Topic JSON = topic(DataType.TEXT, DataType.JSON);
    private static final Topic BYTES = topic(DataType.BYTES, DataType.BYTES);

    @Test
    void wellFormedBatchIsAccepted() {
        CheckedBatch checked = BatchCheck.check(
                JSON,
                batch(
                        record(0, "k", "{\"a\":1}"),
                        record(1, null, null),
                        record(2, "", "[]", new Header("h", new byte[] {0}))),
                AppendRequest.Check.EVERYTHING,
                "test",
                NOW);

        assertThat(checked.recordCount()).isEqualTo(3);
        assertThat(checked.minTimestampMs()).isEqualTo(NOW);
        assertThat(checked.storedBytes()).isGreaterThan(3 * 48);
    }

    @Test
    void everyRecordAtFaultIsNamed() {
        ApiException refused =
                refusal(JSON, batch(record(0, "k", "{"), record(1, "k", "1"), record(2, "k", "\"\\u0000\"")));

        assertThat(refused.error()).isEqualTo(ErrorCode.INVALID_RECORD);
        assertThat(refused.recordErrors()).extracting(RecordError::index).containsExactly(0, 2);
    }

    @Test
    void keyThatIsNoTextIsRefused() {
        byte[] bytes = TestLog.record(0, NOW, 0, new byte[] {(byte) 0xff}, null, List.of());
        assertThat(refusal(JSON, batch(bytes)).detail()).contains("key is not text");
        assertThat(BatchCheck.check(BYTES, batch(bytes), AppendRequest.Check.EVERYTHING, "test", NOW)
                        .recordCount())
                .isEqualTo(1);
    }

    @Test
    void recordOverMaxMessageBytesIsRefused() {
        byte[] fits = TestLog.record(0, NOW, 0, null, new byte[1000], List.of());
        byte[] tooLarge = TestLog.record(0, NOW, 0, new byte[1], new byte[1000], List.of());

        assertThat(BatchCheck.check(BYTES, batch(fits), AppendRequest.Check.EVERYTHING, "test", NOW)
                        .recordCount())
                .isEqualTo(1);
        assertThat(refusal(BYTES, batch(tooLarge)).error()).isEqualTo(ErrorCode.MESSAGE_TOO_LARGE);
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, NOW + 3_600_001, -62_135_596_800_000L, 253_402_300_800_000L})
    void timestampOutOfBoundsIsRefused(long timestampMs) {
        byte[] bytes = TestLog.record(0, timestampMs, 0, null, null, List.of());
        assertThat(refusal(BYTES, batch(bytes)).error()).isEqualTo(ErrorCode.INVALID_TIMESTAMP);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, NOW, NOW + 3_600_000})
    void timestampWithinBoundsIsAccepted(long timestampMs) {
        CheckedBatch checked = BatchCheck.check(
                BYTES,
                batch(TestLog.record(0, timestampMs, 0, null, null, List.of())),
                AppendRequest.Check.EVERYTHING,
                "test",
                NOW);
        assertThat(checked.maxTimestampMs()).isEqualTo(timestampMs);
    }

    @Test
    void headersThatAreNoPairsAreRefused() {
        for (String headers : List.of("{}", "[1]", "[[\"a\"]]", "[[1,\"b\"]]", "[[\"a\",\"b\",\"c\"]]", "[", "")) {
            byte[] json = headers.getBytes(StandardCharsets.UTF_8);
            byte[] bytes = new byte[RecordLayout.size(-1, -1, json.length)];
            int at = RecordLayout.writeFixedPart(bytes, 0, 0, NOW, 0);
            at = RecordLayout.writePart(bytes, at, null);
            at = RecordLayout.writePart(bytes, at, null);
            at = RecordLayout.writePart(bytes, at, json);
            RecordLayout.writePart(bytes, at, null);
            assertThat(refusal(BYTES, batch(bytes)).error()).as(headers).isEqualTo(ErrorCode.INVALID_RECORD);
        }
    }

    @Test
    void negativeSequenceIsRefused() {
        byte[] bytes = record(0, "k", "v");
        ProduceFrame.Batch batch = new ProduceFrame.Batch(0, 7, (short) 0, -1, 1, bytes, 0, bytes.length);
        assertThat(refusal(BYTES, batch).error()).isEqualTo(ErrorCode.INVALID_REQUEST);
    }

    /** Whatever bytes come, the check ends with a batch or a refusal, and never reads outside the batch. */
    @RepeatedTest(200)
    void damagedBatchNeverEscapesTheCheck(org.junit.jupiter.api.RepetitionInfo repetition) {
        Random random = new Random(repetition.getCurrentRepetition());
        byte[] bytes = batch(record(0, "key", "{\"a\":[1,2]}"), record(1, null, "\"x\"", new Header("h", null)))
                .bytes();
        for (int i = 0; i < 1 + random.nextInt(3); i++) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        }
        int length = random.nextInt(4) == 0 ? random.nextInt(bytes.length) : bytes.length;
        ProduceFrame.Batch damaged =
                new ProduceFrame.Batch(0, ProduceFrame.NO_PRODUCER_ID, (short) 0, 0, 2, bytes, 0, length);
        try {
            BatchCheck.check(JSON, damaged, AppendRequest.Check.EVERYTHING, "test", NOW);
        } catch (ApiException refused) {
            assertThat(refused.error().httpStatus())
                    .as("seed %d", repetition.getCurrentRepetition())
                    .isBetween(400, 413);
        }
    }

    @Test
    void partitionThatIsNotThereIsRefused() {
        assertThatThrownBy(() ->
                        BatchCheck.check(BYTES, TestLog.batch(1, "a"), AppendRequest.Check.EVERYTHING, "test", NOW))
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.error()).isEqualTo(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION));
    }

    private static ApiException refusal(Topic topic, ProduceFrame.Batch batch) {
        return catchThrowableOfType(
                ApiException.class, () -> BatchCheck.check(topic, batch, AppendRequest.Check.EVERYTHING, "test", NOW));
    }

    private static byte[] record(int index, String key, String value, Header... headers) {
        return TestLog.record(index, NOW, 0, bytes(key), bytes(value), List.of(headers));
    }

    private static byte[] bytes(String text) {
        return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
    }

    private static ProduceFrame.Batch batch(byte[]... records) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] record : records) {
            all.writeBytes(record);
        }
        return new ProduceFrame.Batch(
                0, ProduceFrame.NO_PRODUCER_ID, (short) 0, 0, records.length, all.toByteArray(), 0, all.size());
    }

    private static Topic topic(DataType keyType, DataType valueType) {
        TopicConfig config = new TopicConfig(
                keyType, valueType, 1_000, 1 << 30, 1, false, 3_600_000, Long.MAX_VALUE, false, Map.of());
        return new Topic(1, UUID.randomUUID(), "checked", List.of(1), config);
    }
}
