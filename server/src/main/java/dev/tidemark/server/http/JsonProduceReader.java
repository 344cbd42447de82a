package dev.tidemark.server.http;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.Partitioner;
import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.protocol.RecordError;
import dev.tidemark.server.topic.DataType;
import dev.tidemark.server.topic.Topic;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;

/**
 * Reads one JSON produce request into batches, in one pass over its bytes. Every record at fault is noted, not only the first, and all are told together. For one
 * request and one thread.
 */
final class JsonProduceReader {
    /** More records at fault than this are counted, not named. */
    static final int MAX_RECORD_ERRORS = 1000;

    private static final byte[] BASE_SEQUENCES = JsonProduceEnvelope.BASE_SEQUENCES.getBytes(StandardCharsets.US_ASCII);

    private final Topic topic;
    private final int stickyPartition;
    private final long nowMs;
    private final int maxBytes;
    private final LongConsumer memory;

    private final RecordDraft draft;
    private final JsonRecordFields fields;
    private final List<BatchDraft> drafts = new ArrayList<>();
    private final Map<Integer, Integer> draftOfPartition = new HashMap<>();
    private final List<RecordError> errors = new ArrayList<>();
    private int errorCount;
    private int keylessPartition = -1;
    private int draftBytes;
    private int recordCount;
    private int[] batchOf = new int[16];
    private int[] placeOf = new int[16];

    /**
     * @param stickyPartition where records go that have neither a partition nor a key, unless the request's sequences say otherwise
     * @param nowMs the timestamp of records that have none
     * @param maxBytes bound on the records once laid out
     * @param memory told how many bytes are about to be taken for them; throws when there are not as many
     */
    JsonProduceReader(Topic topic, int stickyPartition, long nowMs, int maxBytes, LongConsumer memory) {
        this.topic = topic;
        this.stickyPartition = stickyPartition;
        this.nowMs = nowMs;
        this.maxBytes = maxBytes;
        this.memory = memory;
        this.draft = new RecordDraft(memory);
        this.fields = new JsonRecordFields(topic.config().valueType() == DataType.JSON);
    }

    /**
     * Reads the request.
     *
     * @throws ApiException INVALID_REQUEST when it is not of the form, MESSAGE_TOO_LARGE, or the error of the records at fault, which are named
     */
    JsonProduceRequest read(byte[] body, int length) {
        JsonProduceEnvelope envelope =
                JsonProduceEnvelope.read(body, length, parser -> readRecords(parser, body, length));
        if (recordCount == 0) {
            throw invalid("\"records\" is empty");
        }
        if (errorCount > 0) {
            throw recordsAtFault();
        }
        return new JsonProduceRequest(
                batches(envelope), drafts, Arrays.copyOf(batchOf, recordCount), Arrays.copyOf(placeOf, recordCount));
    }

    private void readRecords(JsonParser parser, byte[] body, int length) throws IOException {
        if (parser.currentToken() != JsonToken.START_ARRAY) {
            throw invalid("\"records\" must be an array, not " + JsonRecordFields.shown(parser));
        }
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            draft.clear(nowMs);
            fields.read(parser, body, draft);
            if (draft.error == null) {
                append(body, length);
            }
            if (draft.error != null) {
                noteError(draft.error, draft.detail);
            }
            recordCount++;
        }
    }

    private void append(byte[] body, int length) {
        int partition = partition(body, length);
        if (draft.error != null) {
            return;
        }
        int batch = draftOfPartition.computeIfAbsent(partition, p -> {
            drafts.add(new BatchDraft(p, memory));
            return drafts.size() - 1;
        });
        BatchDraft target = drafts.get(batch);
        int before = target.length();
        int place = target.append(recordCount, draft);
        draftBytes += target.length() - before;
        if (draftBytes > maxBytes) {
            throw new ApiException(
                    ErrorCode.MESSAGE_TOO_LARGE,
                    "the request's first " + (recordCount + 1) + " records take more than the " + maxBytes
                            + " bytes the server accepts in a request");
        }
        if (recordCount == batchOf.length) {
            batchOf = Arrays.copyOf(batchOf, recordCount * 2);
            placeOf = Arrays.copyOf(placeOf, recordCount * 2);
        }
        batchOf[recordCount] = batch;
        placeOf[recordCount] = place;
    }

    private int partition(byte[] body, int length) {
        if (draft.hasPartition()) {
            try {
                topic.partitionId(draft.partition);
            } catch (ApiException e) {
                draft.fail(e.error(), e.detail());
            }
            return draft.partition;
        }
        if (draft.key.isNull()) {
            return keylessPartition(body, length);
        }
        draft.settleKey();
        return Partitioner.forKey(draft.key.bytes(), draft.key.at(), draft.key.length(), topic.partitionCount());
    }

    /**
     * One partition for all records of the request that have neither a partition nor a key. A request with sequences must go to the same one each time it is
     * repeated: to the lowest that it has a sequence for. They may stand after the records, so they are looked for ahead.
     */
    private int keylessPartition(byte[] body, int length) {
        if (keylessPartition < 0) {
            keylessPartition = stickyPartition;
            if (topic.partitionCount() > 1 && contains(body, length, BASE_SEQUENCES)) {
                Integer lowest = JsonProduceEnvelope.read(body, length, JsonParser::skipChildren)
                        .lowestSequencedPartition();
                keylessPartition = lowest != null && lowest < topic.partitionCount() ? lowest : stickyPartition;
            }
        }
        return keylessPartition;
    }

    private static boolean contains(byte[] body, int length, byte[] word) {
        for (int at = 0; at <= length - word.length; at++) {
            if (body[at] == word[0] && Arrays.equals(body, at, at + word.length, word, 0, word.length)) {
                return true;
            }
        }
        return false;
    }

    private List<ProduceFrame.Batch> batches(JsonProduceEnvelope envelope) {
        BatchDraft.Producer producer = envelope.producer();
        for (Integer partition : envelope.baseSequences().keySet()) {
            if (!draftOfPartition.containsKey(partition)) {
                throw invalid(
                        "\"base_sequences\" has partition " + partition + ", to which no record of the request goes");
            }
        }
        List<ProduceFrame.Batch> batches = new ArrayList<>(drafts.size());
        for (BatchDraft batch : drafts) {
            Integer sequence = envelope.baseSequences().get(batch.partition());
            if (producer != null && sequence == null) {
                throw invalid("\"base_sequences\" has no sequence for partition " + batch.partition() + ", to which "
                        + batch.recordCount() + " records of the request go");
            }
            batches.add(batch.batch(producer, sequence == null ? -1 : sequence));
        }
        return batches;
    }

    private void noteError(ErrorCode error, String detail) {
        errorCount++;
        if (errors.size() < MAX_RECORD_ERRORS) {
            errors.add(new RecordError(recordCount, error, detail));
        }
    }

    private ApiException recordsAtFault() {
        return RecordErrors.exception(errors, errorCount);
    }

    private static ApiException invalid(String detail) {
        return new ApiException(ErrorCode.INVALID_REQUEST, detail);
    }
}
