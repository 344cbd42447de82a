package dev.tidemark.protocol;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The binary body of a request over several topics ({@link MediaTypes#TRANSACTION_V1}): all of its batches are appended, and the offsets committed, or nothing is.
 *
 * <pre>
 * int32 number of topics, then for each
 *   int16 length of the topic's name, and the name in UTF-8
 *   int32 number of batches, and the batches as in {@link ProduceFrame}
 * int32 length of the offsets to commit (0: none), and they as JSON: the "commit" of the same request in JSON
 * </pre>
 *
 * Integers are big-endian. The records of a batch are a slice of the body; nothing is copied.
 */
public final class TransactionFrame {
    /** As many bytes as a topic's name can have. */
    private static final int MAX_NAME_BYTES = 249;

    /** Bytes of a topic's head beside its name. */
    private static final int TOPIC_HEADER_BYTES = 2 + 4;

    private TransactionFrame() {}

    /**
     * One topic's batches.
     *
     * @param batches at least one
     */
    public record TopicBatches(String topic, List<ProduceFrame.Batch> batches) {}

    /**
     * A request.
     *
     * @param bytes the body, where {@code commitLength} bytes of JSON lie at {@code commitAt}; none where it commits nothing
     */
    public record Transaction(List<TopicBatches> topics, byte[] bytes, int commitAt, int commitLength) {}

    /** Bytes that {@link #writeTopicHeader} writes. */
    public static int topicHeaderBytes(byte[] name) {
        return TOPIC_HEADER_BYTES + name.length;
    }

    /**
     * Writes a topic's head, before its batches.
     *
     * @param name in UTF-8
     * @return the position after it
     */
    public static int writeTopicHeader(byte[] bytes, int at, byte[] name, int batchCount) {
        RecordLayout.putShort(bytes, at, (short) name.length);
        System.arraycopy(name, 0, bytes, at + 2, name.length);
        RecordLayout.putInt(bytes, at + 2 + name.length, batchCount);
        return at + TOPIC_HEADER_BYTES + name.length;
    }

    /**
     * Reads a request. Checks the frame, not the records or the JSON in it.
     *
     * @throws ApiException INVALID_REQUEST when the frame is cut off, has bytes left over, or counts that cannot be or are not accepted
     */
    public static Transaction read(byte[] bytes, int length) {
        return new Reader(bytes, length).read();
    }

    private static final class Reader {
        private final byte[] bytes;
        private final int end;
        private int at;
        private int batchCount;

        Reader(byte[] bytes, int end) {
            this.bytes = bytes;
            this.end = end;
        }

        Transaction read() {
            int topicCount = integer("number of topics");
            if (topicCount < 0 || topicCount > (end - at) / (TOPIC_HEADER_BYTES + ProduceFrame.BATCH_HEADER_BYTES)) {
                throw invalid("the body says it is about " + topicCount + " topics but has " + end + " bytes");
            }
            List<TopicBatches> topics = new ArrayList<>(topicCount);
            for (int i = 0; i < topicCount; i++) {
                topics.add(topic());
            }
            int commitLength = integer("length of the offsets to commit");
            if (commitLength != end - at) {
                throw invalid("the body says that " + commitLength + " bytes of offsets end it, and " + (end - at)
                        + " are left");
            }
            return new Transaction(topics, bytes, at, commitLength);
        }

        private TopicBatches topic() {
            String name = name();
            int count = integer("number of batches");
            if (count < 1 || count > (end - at) / ProduceFrame.BATCH_HEADER_BYTES) {
                throw invalid(
                        "the body says it holds " + count + " batches of a topic, with " + (end - at) + " bytes left");
            }
            if (batchCount + count > ProduceFrame.MAX_BATCHES) {
                throw invalid("the body holds more than " + ProduceFrame.MAX_BATCHES + " batches");
            }
            List<ProduceFrame.Batch> batches = new ArrayList<>(count);
            for (int i = 0; i < count; i++) {
                ProduceFrame.Batch batch = ProduceFrame.readBatch(bytes, end, at, batchCount++);
                batches.add(batch);
                at = batch.at() + batch.length();
            }
            return new TopicBatches(name, batches);
        }

        private String name() {
            int length = end - at < 2 ? -1 : RecordLayout.getShort(bytes, at);
            if (length < 1 || length > MAX_NAME_BYTES || length > end - at - 2) {
                throw invalid("a topic's name has from 1 to " + MAX_NAME_BYTES + " bytes, and is not cut off");
            }
            at += 2 + length;
            try {
                return StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(ByteBuffer.wrap(bytes, at - length, length))
                        .toString();
            } catch (CharacterCodingException e) {
                throw invalid("a topic's name is not UTF-8");
            }
        }

        private int integer(String what) {
            if (end - at < 4) {
                throw invalid("the body is cut off: it has no " + what);
            }
            at += 4;
            return RecordLayout.getInt(bytes, at - 4);
        }

        private static ApiException invalid(String detail) {
            return new ApiException(ErrorCode.INVALID_REQUEST, detail);
        }
    }
}
