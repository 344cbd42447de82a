package dev.tidemark.server.http;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.Partitioner;
import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.protocol.RecordError;
import dev.tidemark.server.topic.DataType;
import dev.tidemark.server.topic.Topic;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Reads one JSON produce request into batches, in one pass over its bytes. Every record at fault is noted, not only the first, and all are told together. For one
 * request and one thread.
 */
final class JsonProduceReader {
    /** More records at fault than this are counted, not named. */
    static final int MAX_RECORD_ERRORS = 1000;

    private static final String PRODUCER_ID = "producer_id";
    private static final String PRODUCER_EPOCH = "producer_epoch";
    private static final String BASE_SEQUENCES = "base_sequences";
    private static final byte[] BASE_SEQUENCES_BYTES = BASE_SEQUENCES.getBytes(StandardCharsets.US_ASCII);

    private final Topic topic;
    private final int stickyPartition;
    private final long nowMs;
    private final int maxBytes;

    private final RecordDraft draft = new RecordDraft();
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
     */
    JsonProduceReader(Topic topic, int stickyPartition, long nowMs, int maxBytes) {
        this.topic = topic;
        this.stickyPartition = stickyPartition;
        this.nowMs = nowMs;
        this.maxBytes = maxBytes;
        this.fields = new JsonRecordFields(topic.config().valueType() == DataType.JSON);
    }

    /**
     * Reads the request.
     *
     * @throws ApiException INVALID_REQUEST when it is not of the form, MESSAGE_TOO_LARGE, or the error of the records at fault, which are named
     */
    JsonProduceRequest read(byte[] body, int length) {
        Envelope envelope = envelope(body, length, parser -> readRecords(parser, body, length));
        if (!envelope.hasRecords) {
            throw invalid("the body has no \"records\"");
        }
        if (recordCount == 0) {
            throw invalid("\"records\" is empty");
        }
        if (errorCount > 0) {
            throw recordsAtFault();
        }
        return new JsonProduceRequest(
                batches(envelope), drafts, Arrays.copyOf(batchOf, recordCount), Arrays.copyOf(placeOf, recordCount));
    }

    /** What a request says beside its records. */
    private static final class Envelope {
        boolean hasRecords;

        @Nullable
        Long producerId;

        @Nullable
        Long producerEpoch;

        @Nullable
        TreeMap<Integer, Integer> baseSequences;
    }

    private interface RecordsReader {
        /** Called at the value of "records"; leaves the parser at its end. */
        void read(JsonParser parser) throws IOException;
    }

    private static Envelope envelope(byte[] body, int length, RecordsReader records) {
        try (JsonParser parser = Json.parser(body, length)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw invalid("the body must be a JSON object with \"records\"");
            }
            Envelope envelope = new Envelope();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                readEnvelopeField(envelope, parser, records);
            }
            if (parser.nextToken() != null) {
                throw invalid("the body goes on after its JSON object");
            }
            return envelope;
        } catch (JsonProcessingException e) {
            throw Json.malformed(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void readEnvelopeField(Envelope envelope, JsonParser parser, RecordsReader records)
            throws IOException {
        String name = parser.currentName();
        parser.nextToken();
        switch (name) {
            case "records" -> {
                requireOnce(!envelope.hasRecords, name);
                envelope.hasRecords = true;
                records.read(parser);
            }
            case PRODUCER_ID -> {
                requireOnce(envelope.producerId == null, name);
                envelope.producerId = integerOrNull(parser, name, Long.MAX_VALUE);
            }
            case PRODUCER_EPOCH -> {
                requireOnce(envelope.producerEpoch == null, name);
                envelope.producerEpoch = integerOrNull(parser, name, Short.MAX_VALUE);
            }
            case BASE_SEQUENCES -> {
                requireOnce(envelope.baseSequences == null, name);
                envelope.baseSequences = baseSequencesOrNull(parser);
            }
            default ->
                throw invalid("the body has an unknown field \"" + JsonRecordFields.shortened(name)
                        + "\"; known are records, producer_id, producer_epoch, base_sequences");
        }
    }

    private static void requireOnce(boolean first, String name) {
        if (!first) {
            throw invalid("the body has \"" + name + "\" twice");
        }
    }

    private static @Nullable Long integerOrNull(JsonParser parser, String name, long max) throws IOException {
        if (parser.currentToken() == JsonToken.VALUE_NULL) {
            return null;
        }
        Long value = JsonRecordFields.integer(parser, 0, max);
        if (value == null) {
            throw invalid("\"" + name + "\" must be a whole number from 0 to " + max + ", not "
                    + JsonRecordFields.shown(parser));
        }
        return value;
    }

    private static @Nullable TreeMap<Integer, Integer> baseSequencesOrNull(JsonParser parser) throws IOException {
        if (parser.currentToken() == JsonToken.VALUE_NULL) {
            return null;
        }
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            throw invalid("\"base_sequences\" must be an object of partition numbers and sequences, not "
                    + JsonRecordFields.shown(parser));
        }
        TreeMap<Integer, Integer> sequences = new TreeMap<>();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            if (!Query.isDigits(name) || name.length() > 9) {
                throw invalid("\"base_sequences\" names a partition \"" + JsonRecordFields.shortened(name)
                        + "\", which is no number");
            }
            parser.nextToken();
            Long sequence = integerOrNull(parser, "base_sequences." + name, Integer.MAX_VALUE);
            if (sequence == null || sequences.put(Integer.valueOf(name), sequence.intValue()) != null) {
                throw invalid("\"base_sequences\" must give partition " + name + " one sequence");
            }
        }
        return sequences;
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
            drafts.add(new BatchDraft(p));
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
        draft.key.settle();
        return Partitioner.forKey(draft.key.bytes(), draft.key.at(), draft.key.length(), topic.partitionCount());
    }

    /**
     * One partition for all records of the request that have neither a partition nor a key. A request with sequences must go to the same one each time it is
     * repeated: to the lowest that it has a sequence for. They may stand after the records, so they are looked for ahead.
     */
    private int keylessPartition(byte[] body, int length) {
        if (keylessPartition < 0) {
            keylessPartition = stickyPartition;
            if (topic.partitionCount() > 1 && contains(body, length, BASE_SEQUENCES_BYTES)) {
                TreeMap<Integer, Integer> sequences = envelope(body, length, JsonParser::skipChildren).baseSequences;
                if (sequences != null && !sequences.isEmpty() && sequences.firstKey() < topic.partitionCount()) {
                    keylessPartition = sequences.firstKey();
                }
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

    private List<ProduceFrame.Batch> batches(Envelope envelope) {
        BatchDraft.Producer producer = producer(envelope);
        Map<Integer, Integer> sequences = envelope.baseSequences == null ? Map.of() : envelope.baseSequences;
        for (Integer partition : sequences.keySet()) {
            if (!draftOfPartition.containsKey(partition)) {
                throw invalid(
                        "\"base_sequences\" has partition " + partition + ", to which no record of the request goes");
            }
        }
        List<ProduceFrame.Batch> batches = new ArrayList<>(drafts.size());
        for (BatchDraft batch : drafts) {
            Integer sequence = sequences.get(batch.partition());
            if (producer != null && sequence == null) {
                throw invalid("\"base_sequences\" has no sequence for partition " + batch.partition() + ", to which "
                        + batch.recordCount() + " records of the request go");
            }
            batches.add(batch.batch(producer, sequence == null ? -1 : sequence));
        }
        return batches;
    }

    private static BatchDraft.@Nullable Producer producer(Envelope envelope) {
        if (envelope.producerId != null && envelope.producerEpoch != null && envelope.baseSequences != null) {
            return new BatchDraft.Producer(envelope.producerId, envelope.producerEpoch.shortValue());
        }
        if (envelope.producerId != null || envelope.producerEpoch != null || envelope.baseSequences != null) {
            throw invalid("\"producer_id\", \"producer_epoch\" and \"base_sequences\" go together, all three or none");
        }
        return null;
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
