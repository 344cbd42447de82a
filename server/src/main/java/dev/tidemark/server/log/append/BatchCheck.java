package dev.tidemark.server.log.append;

import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.HeaderCodec;
import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.protocol.RecordError;
import dev.tidemark.protocol.RecordLayout;
import dev.tidemark.server.json.JsonText;
import dev.tidemark.server.json.Utf8Text;
import dev.tidemark.server.log.append.AppendRequest.Check;
import dev.tidemark.server.topic.DataType;
import dev.tidemark.server.topic.Topic;
import dev.tidemark.server.topic.TopicConfig;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Checks a batch's records in one pass before they are queued, so that nothing PostgreSQL would refuse reaches a COPY others share.
 *
 * <p>What a correct client cannot send (a length past the end, a field missing) refuses the batch; what a caller can get wrong is told record by
 * record.
 */
final class BatchCheck {
    /** More than a caller will read. */
    private static final int MAX_RECORD_ERRORS = 100;

    /** PostgreSQL's line pointer, row header and our fixed columns. */
    private static final int ROW_OVERHEAD_BYTES = 4 + 24 + 20;

    /** Rows longer than this have their large values moved out of line (TOAST_TUPLE_TARGET is about 2 kB). */
    private static final int MAX_INLINE_ROW_BYTES = 1_900;

    private final Topic topic;
    private final TopicConfig config;
    private final boolean checksLimits;
    private final ProduceFrame.Batch batch;
    private final byte[] bytes;
    private final int end;
    private final long earliest;
    private final long latest;
    private final List<RecordError> errors = new ArrayList<>(0);

    private long minTimestamp = Long.MAX_VALUE;
    private long maxTimestamp = Long.MIN_VALUE;
    private long storedBytes;
    private long leastStoredBytes;

    private BatchCheck(Topic topic, ProduceFrame.Batch batch, Check check, long nowMs) {
        this.topic = topic;
        this.checksLimits = check == Check.EVERYTHING;
        this.config = topic.config();
        this.batch = batch;
        this.bytes = batch.bytes();
        this.end = batch.at() + batch.length();
        this.earliest =
                RecordLayout.toPostgresMicros(Math.max(0, saturatedSubtract(nowMs, config.timestampBeforeMaxMs())));
        this.latest = RecordLayout.toPostgresMicros(
                Math.min(MAX_TIMESTAMP_MS, saturatedAdd(nowMs, config.timestampAfterMaxMs())));
    }

    /** 9999-12-31T23:59:59.999Z: the last time RFC 3339 can write. */
    private static final long MAX_TIMESTAMP_MS = 253_402_300_799_999L;

    /**
     * @param what with anything less than everything, timestamps and sizes are taken as they are
     * @param principal who appends it
     * @param nowMs the server's clock, which timestamps are held against
     * @throws ApiException UNKNOWN_TOPIC_OR_PARTITION, INVALID_REQUEST, or with record errors INVALID_RECORD, INVALID_TIMESTAMP, MESSAGE_TOO_LARGE
     */
    static CheckedBatch check(Topic topic, ProduceFrame.Batch batch, Check what, String principal, long nowMs) {
        int partitionId = topic.partitionId(batch.partition());
        requireLegalProducer(batch);
        BatchCheck check = new BatchCheck(topic, batch, what, nowMs);
        check.checkRecords();
        boolean stamped = topic.config().logAppendTime();
        return new CheckedBatch(
                topic,
                partitionId,
                batch,
                principal,
                stamped ? null : RecordLayout.toEpochMs(check.minTimestamp),
                stamped ? null : RecordLayout.toEpochMs(check.maxTimestamp),
                check.storedBytes,
                check.leastStoredBytes);
    }

    private static void requireLegalProducer(ProduceFrame.Batch batch) {
        if (batch.producerId() == ProduceFrame.NO_PRODUCER_ID) {
            return;
        }
        if (batch.producerId() < 0 || batch.producerEpoch() < 0 || batch.baseSequence() < 0) {
            throw new ApiException(
                    ErrorCode.INVALID_REQUEST,
                    "producer id " + batch.producerId() + ", epoch " + batch.producerEpoch() + ", base sequence "
                            + batch.baseSequence() + ": none may be negative");
        }
    }

    private void checkRecords() {
        int at = batch.at();
        for (int i = 0; i < batch.recordCount(); i++) {
            at = checkRecord(at, i);
        }
        if (at != end) {
            throw malformed(batch.recordCount(), (end - at) + " bytes are left over behind the last record");
        }
        if (!errors.isEmpty()) {
            RecordError first = errors.get(0);
            throw new ApiException(first.error(), "record " + first.index() + ": " + first.detail(), errors);
        }
    }

    private int checkRecord(int at, int index) {
        if (end - at < RecordLayout.OVERHEAD_BYTES || !RecordLayout.hasFixedPart(bytes, at)) {
            throw malformed(index, "it is cut off or does not begin as a record does");
        }
        if (RecordLayout.offset(bytes, at) != index || RecordLayout.partition(bytes, at) != batch.partition()) {
            throw malformed(index, "its place in the batch or its partition is another one");
        }
        checkTimestamp(at, index);
        int keyAt = at + RecordLayout.KEY_LENGTH_AT;
        int valueAt = nextPart(keyAt, index);
        int headersAt = nextPart(valueAt, index);
        int attributesAt = nextPart(headersAt, index);
        int recordEnd = attributesAt + 4;
        if (recordEnd > end || RecordLayout.getInt(bytes, attributesAt) != -1) {
            throw malformed(index, "its attributes are not null");
        }
        checkSize(recordEnd - at - RecordLayout.OVERHEAD_BYTES, index);
        checkPart(config.keyType(), "key", keyAt, index);
        checkPart(config.valueType(), "value", valueAt, index);
        checkHeaders(headersAt, index);
        return recordEnd;
    }

    private int nextPart(int lengthAt, int index) {
        if (end - lengthAt < 4) {
            throw malformed(index, "it is cut off");
        }
        int length = RecordLayout.getInt(bytes, lengthAt);
        if (length < -1 || length > end - lengthAt - 4) {
            throw malformed(index, "it has a part of " + length + " bytes");
        }
        return lengthAt + 4 + Math.max(length, 0);
    }

    private void checkTimestamp(int at, int index) {
        long micros = RecordLayout.getLong(bytes, at + RecordLayout.TIMESTAMP_AT);
        if (config.logAppendTime()) {
            return;
        }
        if (micros % 1000 != 0) {
            throw malformed(index, "its timestamp is not whole milliseconds");
        }
        if (checksLimits && (micros < earliest || micros > latest)) {
            refuse(index, ErrorCode.INVALID_TIMESTAMP, timestampDetail(micros));
        }
        minTimestamp = Math.min(minTimestamp, micros);
        maxTimestamp = Math.max(maxTimestamp, micros);
    }

    private String timestampDetail(long micros) {
        return "timestamp " + RecordLayout.toEpochMs(micros) + " ms is not from " + RecordLayout.toEpochMs(earliest)
                + " to "
                + RecordLayout.toEpochMs(latest)
                + " ms, where message.timestamp.before.max.ms and message.timestamp.after.max.ms put the bounds";
    }

    private void checkSize(int dataBytes, int index) {
        if (checksLimits && dataBytes > config.maxMessageBytes()) {
            refuse(
                    index,
                    ErrorCode.MESSAGE_TOO_LARGE,
                    "key, value and headers have " + dataBytes + " bytes, max.message.bytes is "
                            + config.maxMessageBytes());
        }
        int row = ROW_OVERHEAD_BYTES + dataBytes;
        storedBytes += row;
        leastStoredBytes += row <= MAX_INLINE_ROW_BYTES ? row : ROW_OVERHEAD_BYTES;
    }

    private void checkPart(DataType type, String part, int lengthAt, int index) {
        if (type == DataType.BYTES) {
            return;
        }
        int length = RecordLayout.getInt(bytes, lengthAt);
        if (length < 0) {
            return;
        }
        String fault = type == DataType.JSON
                ? JsonText.check(bytes, lengthAt + 4, length)
                : Utf8Text.check(bytes, lengthAt + 4, length);
        if (fault != null) {
            refuse(index, ErrorCode.INVALID_RECORD, part + " is not " + type.configName() + ": " + fault);
        }
    }

    private void checkHeaders(int lengthAt, int index) {
        int length = RecordLayout.getInt(bytes, lengthAt);
        if (length < 0) {
            return;
        }
        String fault = headersFault(lengthAt + 4, length);
        if (fault != null) {
            refuse(index, ErrorCode.INVALID_RECORD, "headers: " + fault);
        }
    }

    private @Nullable String headersFault(int at, int length) {
        // The codec says what is stored; PostgreSQL's own rules for JSON text are JsonText's.
        String fault = JsonText.check(bytes, at, length);
        if (fault != null) {
            return fault;
        }
        try {
            HeaderCodec.decode(bytes, at, length);
            return null;
        } catch (IllegalArgumentException e) {
            return e.getMessage();
        }
    }

    private void refuse(int index, ErrorCode error, String detail) {
        if (errors.size() < MAX_RECORD_ERRORS) {
            errors.add(new RecordError(index, error, detail));
        }
    }

    private ApiException malformed(int index, String detail) {
        return new ApiException(
                ErrorCode.INVALID_REQUEST,
                "batch for partition " + batch.partition() + " of topic " + topic.name() + ": record " + index
                        + " is malformed: " + detail);
    }

    private static long saturatedAdd(long a, long b) {
        long sum = a + b;
        return sum < a ? Long.MAX_VALUE : sum;
    }

    private static long saturatedSubtract(long a, long b) {
        return b > a ? 0 : a - b;
    }
}
