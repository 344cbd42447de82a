package dev.tidemark.server.http;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What a request over several topics says beside its records: who sends, where in its sequences each partition of each topic is, and what it commits. */
final class JsonTransactionEnvelope {
    private static final String RECORDS = "records";
    private static final String COMMIT = "commit";
    private static final String PRODUCER_ID = "producer_id";
    private static final String PRODUCER_EPOCH = "producer_epoch";
    private static final String BASE_SEQUENCES = JsonProduceEnvelope.BASE_SEQUENCES;

    private final Set<String> seen = new HashSet<>();
    private @Nullable Long producerId;
    private @Nullable Long producerEpoch;
    private @Nullable Map<String, SortedMap<Integer, Integer>> baseSequences;
    private @Nullable JsonCommit commit;

    private JsonTransactionEnvelope() {}

    /**
     * Reads a request's body.
     *
     * @param records called at the value of "records", an array; leaves the parser at its end
     * @throws ApiException INVALID_REQUEST when it is not of the form
     */
    static JsonTransactionEnvelope read(byte[] body, int length, JsonProduceEnvelope.RecordsReader records) {
        try (JsonParser parser = Json.parser(body, length)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw invalid("the body must be a JSON object with \"records\"");
            }
            JsonTransactionEnvelope envelope = new JsonTransactionEnvelope();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                envelope.readField(parser, records);
            }
            if (parser.nextToken() != null) {
                throw invalid("the body goes on after its JSON object");
            }
            if (!envelope.seen.contains(RECORDS)) {
                throw invalid("the body has no \"records\"");
            }
            return envelope;
        } catch (JsonProcessingException e) {
            throw Json.malformed(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void readField(JsonParser parser, JsonProduceEnvelope.RecordsReader records) throws IOException {
        String name = parser.currentName();
        parser.nextToken();
        if (!seen.add(name)) {
            throw invalid("the body has \"" + JsonRecordFields.shortened(name) + "\" twice");
        }
        switch (name) {
            case RECORDS -> {
                if (parser.currentToken() != JsonToken.START_ARRAY) {
                    throw invalid("\"records\" must be an array, not " + JsonRecordFields.shown(parser));
                }
                records.read(parser);
            }
            case PRODUCER_ID -> producerId = JsonProduceEnvelope.integerOrNull(parser, name, Long.MAX_VALUE);
            case PRODUCER_EPOCH -> producerEpoch = JsonProduceEnvelope.integerOrNull(parser, name, Short.MAX_VALUE);
            case BASE_SEQUENCES -> baseSequences = baseSequencesOrNull(parser);
            case COMMIT -> commit = JsonCommit.read(parser);
            default ->
                throw invalid("the body has an unknown field \"" + JsonRecordFields.shortened(name) + "\"; known are "
                        + String.join(", ", RECORDS, COMMIT, PRODUCER_ID, PRODUCER_EPOCH, BASE_SEQUENCES));
        }
    }

    private static @Nullable Map<String, SortedMap<Integer, Integer>> baseSequencesOrNull(JsonParser parser)
            throws IOException {
        if (parser.currentToken() == JsonToken.VALUE_NULL) {
            return null;
        }
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            throw invalid("\"base_sequences\" must be an object of topics, each with its partitions' sequences, not "
                    + JsonRecordFields.shown(parser));
        }
        Map<String, SortedMap<Integer, Integer>> byTopic = new HashMap<>();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String topic = parser.currentName();
            parser.nextToken();
            SortedMap<Integer, Integer> sequences = JsonProduceEnvelope.baseSequencesOrNull(parser);
            if (byTopic.put(topic, sequences == null ? new TreeMap<>() : sequences) != null) {
                throw invalid("\"base_sequences\" has topic " + JsonRecordFields.shortened(topic) + " twice");
            }
        }
        return byTopic;
    }

    /** Who sends; null when the request does not say. @throws ApiException INVALID_REQUEST when it says so by halves */
    BatchDraft.@Nullable Producer producer() {
        if (producerId != null && producerEpoch != null && baseSequences != null) {
            return new BatchDraft.Producer(producerId, producerEpoch.shortValue());
        }
        if (producerId != null || producerEpoch != null || baseSequences != null) {
            throw invalid("\"producer_id\", \"producer_epoch\" and \"base_sequences\" go together, all three or none");
        }
        return null;
    }

    /** By topic, the sequence of the first record for each partition. */
    Map<String, SortedMap<Integer, Integer>> baseSequences() {
        return baseSequences == null ? Map.of() : baseSequences;
    }

    @Nullable
    JsonCommit commit() {
        return commit;
    }

    private static ApiException invalid(String detail) {
        return new ApiException(ErrorCode.INVALID_REQUEST, detail);
    }
}
