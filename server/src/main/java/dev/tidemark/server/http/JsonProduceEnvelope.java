package dev.tidemark.server.http;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ErrorCode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What a JSON produce request says beside its records: who sends, and where in its sequences each partition is. */
final class JsonProduceEnvelope {
    static final String BASE_SEQUENCES = "base_sequences";

    private static final String RECORDS = "records";
    private static final String PRODUCER_ID = "producer_id";
    private static final String PRODUCER_EPOCH = "producer_epoch";

    private boolean hasRecords;
    private @Nullable Long producerId;
    private @Nullable Long producerEpoch;
    private @Nullable SortedMap<Integer, Integer> baseSequences;

    private JsonProduceEnvelope() {}

    interface RecordsReader {
        /** Called at the value of "records"; leaves the parser at its end. */
        void read(JsonParser parser) throws IOException;
    }

    /**
     * Reads a request's body.
     *
     * @throws ApiException INVALID_REQUEST when it is not of the form
     */
    static JsonProduceEnvelope read(byte[] body, int length, RecordsReader records) {
        try (JsonParser parser = Json.parser(body, length)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw invalid("the body must be a JSON object with \"records\"");
            }
            JsonProduceEnvelope envelope = new JsonProduceEnvelope();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                envelope.readField(parser, records);
            }
            if (parser.nextToken() != null) {
                throw invalid("the body goes on after its JSON object");
            }
            if (!envelope.hasRecords) {
                throw invalid("the body has no \"records\"");
            }
            return envelope;
        } catch (JsonProcessingException e) {
            throw Json.malformed(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void readField(JsonParser parser, RecordsReader records) throws IOException {
        String name = parser.currentName();
        parser.nextToken();
        switch (name) {
            case RECORDS -> {
                requireOnce(!hasRecords, name);
                hasRecords = true;
                records.read(parser);
            }
            case PRODUCER_ID -> {
                requireOnce(producerId == null, name);
                producerId = integerOrNull(parser, name, Long.MAX_VALUE);
            }
            case PRODUCER_EPOCH -> {
                requireOnce(producerEpoch == null, name);
                producerEpoch = integerOrNull(parser, name, Short.MAX_VALUE);
            }
            case BASE_SEQUENCES -> {
                requireOnce(baseSequences == null, name);
                baseSequences = baseSequencesOrNull(parser);
            }
            default ->
                throw invalid("the body has an unknown field \"" + JsonRecordFields.shortened(name) + "\"; known are "
                        + String.join(", ", RECORDS, PRODUCER_ID, PRODUCER_EPOCH, BASE_SEQUENCES));
        }
    }

    private static void requireOnce(boolean first, String name) {
        if (!first) {
            throw invalid("the body has \"" + name + "\" twice");
        }
    }

    static @Nullable Long integerOrNull(JsonParser parser, String name, long max) throws IOException {
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

    static @Nullable SortedMap<Integer, Integer> baseSequencesOrNull(JsonParser parser) throws IOException {
        if (parser.currentToken() == JsonToken.VALUE_NULL) {
            return null;
        }
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            throw invalid("\"base_sequences\" must be an object of partition numbers and sequences, not "
                    + JsonRecordFields.shown(parser));
        }
        SortedMap<Integer, Integer> sequences = new TreeMap<>();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            if (!Query.isDigits(name) || name.length() > 9) {
                throw invalid("\"base_sequences\" names a partition \"" + JsonRecordFields.shortened(name)
                        + "\", which is no number");
            }
            parser.nextToken();
            Long sequence = integerOrNull(parser, BASE_SEQUENCES + "." + name, Integer.MAX_VALUE);
            if (sequence == null || sequences.put(Integer.valueOf(name), sequence.intValue()) != null) {
                throw invalid("\"base_sequences\" must give partition " + name + " one sequence");
            }
        }
        return sequences;
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

    /** The sequence of the first record for each partition. */
    SortedMap<Integer, Integer> baseSequences() {
        return baseSequences == null ? new TreeMap<>() : baseSequences;
    }

    @Nullable
    Integer lowestSequencedPartition() {
        return baseSequences == null || baseSequences.isEmpty() ? null : baseSequences.firstKey();
    }

    private static ApiException invalid(String detail) {
        return new ApiException(ErrorCode.INVALID_REQUEST, detail);
    }
}
