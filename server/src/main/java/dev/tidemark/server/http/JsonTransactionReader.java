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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Reads one JSON request over several topics into batches. In two passes over its bytes: what a record's fields mean depends on its topic, and that may stand
 * behind them. For one request and one thread.
 */
final class JsonTransactionReader {
    private static final String TOPIC = "topic";
    private static final int NAME_OVERHEAD_BYTES = 100;

    /** For which room is made at a time, and what each takes before it is read itself. */
    private static final int COUNTED_RECORDS = 1024;

    private static final int BYTES_OF_A_RECORD = 10;

    private final Function<String, Topic> topics;
    private final ToIntFunction<Topic> stickyPartition;
    private final long nowMs;
    private final int maxBytes;
    private final LongConsumer memory;

    private final RecordDraft draft;
    /** By the record's index in the request; null where it names none. */
    private final List<@Nullable String> topicOf = new ArrayList<>();

    private final Map<String, String> names = new HashMap<>();
    private final Map<String, Section> sections = new HashMap<>();
    private final List<BatchDraft> drafts = new ArrayList<>();
    private final List<Topic> topicOfDraft = new ArrayList<>();
    private final List<RecordError> errors = new ArrayList<>();
    private int errorCount;
    private int draftBytes;
    private int recordCount;
    private int[] batchOf = new int[16];
    private int[] placeOf = new int[16];

    /**
     * @param topics finds a topic that the caller may write to, or throws
     * @param stickyPartition where a topic's records go that have neither a partition nor a key
     * @param nowMs the timestamp of records that have none
     * @param maxBytes bound on the records once laid out
     * @param memory told how many bytes are about to be taken for them; throws when there are not as many
     */
    JsonTransactionReader(
            Function<String, Topic> topics,
            ToIntFunction<Topic> stickyPartition,
            long nowMs,
            int maxBytes,
            LongConsumer memory) {
        this.topics = topics;
        this.stickyPartition = stickyPartition;
        this.nowMs = nowMs;
        this.maxBytes = maxBytes;
        this.memory = memory;
        this.draft = new RecordDraft(memory);
    }

    /**
     * A request.
     *
     * @param topicOfBatch in the order of the batches
     */
    record Request(
            JsonProduceRequest records,
            List<Topic> topicOfBatch,
            @Nullable JsonCommit commit) {}

    /**
     * Reads the request.
     *
     * @throws ApiException INVALID_REQUEST when it is not of the form, MESSAGE_TOO_LARGE, what {@code topics} throws, or the error of the records at fault,
     *     which are named
     */
    Request read(byte[] body, int length) {
        JsonTransactionEnvelope envelope = JsonTransactionEnvelope.read(body, length, this::readTopics);
        BatchDraft.Producer producer = envelope.producer();
        for (String topic : topicOf) {
            if (topic != null && !sections.containsKey(topic)) {
                sections.put(topic, new Section(topics.apply(topic), sequences(envelope, topic)));
            }
        }
        JsonTransactionEnvelope.read(body, length, parser -> readRecords(parser, body));
        if (errorCount > 0) {
            throw RecordErrors.exception(errors, errorCount);
        }
        if (recordCount == 0 && envelope.commit() == null) {
            throw invalid("\"records\" is empty, and there is no \"commit\"");
        }
        JsonProduceRequest records = new JsonProduceRequest(
                batches(producer, envelope),
                drafts,
                Arrays.copyOf(batchOf, recordCount),
                Arrays.copyOf(placeOf, recordCount));
        return new Request(records, topicOfDraft, envelope.commit());
    }

    private static SortedMap<Integer, Integer> sequences(JsonTransactionEnvelope envelope, String topic) {
        return envelope.baseSequences().getOrDefault(topic, new TreeMap<>());
    }

    private void readTopics(JsonParser parser) throws IOException {
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            String topic = null;
            if (parser.currentToken() == JsonToken.START_OBJECT) {
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    boolean isTopic = parser.currentName().equals(TOPIC);
                    boolean isText = parser.nextToken() == JsonToken.VALUE_STRING;
                    if (isTopic && isText) {
                        topic = parser.getText();
                    }
                    parser.skipChildren();
                }
            } else {
                parser.skipChildren();
            }
            if (topicOf.size() % COUNTED_RECORDS == COUNTED_RECORDS - 1) {
                memory.accept(COUNTED_RECORDS * BYTES_OF_A_RECORD);
            }
            topicOf.add(topic == null ? null : names.computeIfAbsent(topic, this::counted));
        }
    }

    /** Once for each name, however many records have it. */
    private String counted(String name) {
        memory.accept(NAME_OVERHEAD_BYTES + 2L * name.length());
        return name;
    }

    private void readRecords(JsonParser parser, byte[] body) throws IOException {
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            draft.clear(nowMs);
            String name = topicOf.get(recordCount);
            Section section = name == null ? null : sections.get(name);
            (section == null ? Section.NO_FIELDS : section.fields).read(parser, body, draft);
            if (section == null) {
                draft.fail(ErrorCode.INVALID_REQUEST, "the record names no \"topic\"");
            } else if (draft.error == null) {
                append(section);
            }
            if (draft.error != null) {
                noteError(draft.error, draft.detail);
            }
            recordCount++;
        }
    }

    private void append(Section section) {
        int partition = partition(section);
        if (draft.error != null) {
            return;
        }
        int batch = section.draftOfPartition.computeIfAbsent(partition, p -> {
            drafts.add(new BatchDraft(p, memory));
            topicOfDraft.add(section.topic);
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
        if (recordCount >= batchOf.length) {
            batchOf = Arrays.copyOf(batchOf, recordCount * 2);
            placeOf = Arrays.copyOf(placeOf, recordCount * 2);
        }
        batchOf[recordCount] = batch;
        placeOf[recordCount] = place;
    }

    private int partition(Section section) {
        if (draft.hasPartition()) {
            try {
                section.topic.partitionId(draft.partition);
            } catch (ApiException e) {
                draft.fail(e.error(), e.detail());
            }
            return draft.partition;
        }
        if (draft.key.isNull()) {
            return section.keylessPartition(stickyPartition);
        }
        draft.settleKey();
        return Partitioner.forKey(
                draft.key.bytes(), draft.key.at(), draft.key.length(), section.topic.partitionCount());
    }

    private List<ProduceFrame.Batch> batches(BatchDraft.@Nullable Producer producer, JsonTransactionEnvelope envelope) {
        envelope.baseSequences().forEach((topic, sequences) -> {
            Section section = sections.get(topic);
            sequences.keySet().forEach(partition -> {
                if (section == null || !section.draftOfPartition.containsKey(partition)) {
                    throw invalid("\"base_sequences\" has partition " + partition + " of topic "
                            + JsonRecordFields.shortened(topic) + ", to which no record of the request goes");
                }
            });
        });
        List<ProduceFrame.Batch> batches = new ArrayList<>(drafts.size());
        for (int i = 0; i < drafts.size(); i++) {
            BatchDraft batch = drafts.get(i);
            String topic = topicOfDraft.get(i).name();
            Integer sequence = sequences(envelope, topic).get(batch.partition());
            if (producer != null && sequence == null) {
                throw invalid("\"base_sequences\" has no sequence for partition " + batch.partition() + " of topic "
                        + topic + ", to which " + batch.recordCount() + " records of the request go");
            }
            batches.add(batch.batch(producer, sequence == null ? -1 : sequence));
        }
        return batches;
    }

    private void noteError(ErrorCode error, String detail) {
        errorCount++;
        if (errors.size() < JsonProduceReader.MAX_RECORD_ERRORS) {
            errors.add(new RecordError(recordCount, error, detail));
        }
    }

    private static ApiException invalid(String detail) {
        return new ApiException(ErrorCode.INVALID_REQUEST, detail);
    }

    /** The records of one topic. */
    private static final class Section {
        /** For a record without a topic: reads past it. */
        static final JsonRecordFields NO_FIELDS = new JsonRecordFields(false, TOPIC);

        private final Topic topic;
        private final SortedMap<Integer, Integer> sequences;
        private final JsonRecordFields fields;
        private final Map<Integer, Integer> draftOfPartition = new HashMap<>();
        private int keylessPartition = -1;

        Section(Topic topic, SortedMap<Integer, Integer> sequences) {
            this.topic = topic;
            this.sequences = sequences;
            this.fields = new JsonRecordFields(topic.config().valueType() == DataType.JSON, TOPIC);
        }

        /** A request with sequences must go to the same one each time it is repeated: to the lowest that it has a sequence for. */
        int keylessPartition(ToIntFunction<Topic> stickyPartition) {
            if (keylessPartition < 0) {
                keylessPartition = !sequences.isEmpty() && sequences.firstKey() < topic.partitionCount()
                        ? sequences.firstKey()
                        : stickyPartition.applyAsInt(topic);
            }
            return keylessPartition;
        }
    }
}
