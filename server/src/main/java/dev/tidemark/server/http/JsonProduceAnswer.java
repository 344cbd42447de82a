package dev.tidemark.server.http;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.protocol.RecordError;
import dev.tidemark.server.log.append.BatchOutcome;
import dev.tidemark.server.topic.Topic;
import io.javalin.http.Context;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The answer to a JSON produce request: where each record is, in the order of the request; or, since it is all or nothing, one problem that names the records at fault.
 * Holds numbers of the request, not its records.
 */
final class JsonProduceAnswer {
    /** By batch; null where all records are of the topic in the path. */
    private final @Nullable List<String> topics;

    private final int[] partitions;
    private final int[] batchOf;
    private final int[] placeOf;
    private final long[] timestamps;

    private JsonProduceAnswer(JsonProduceRequest request, @Nullable List<String> topics) {
        this.topics = topics;
        this.partitions = request.batches().stream()
                .mapToInt(ProduceFrame.Batch::partition)
                .toArray();
        this.batchOf = request.batchOf();
        this.placeOf = request.placeOf();
        this.timestamps = request.timestamps();
    }

    /** Of a request whose arrays are still the caller's own. */
    static JsonProduceAnswer of(JsonProduceRequest request) {
        return new JsonProduceAnswer(request, null);
    }

    /** The same of one over several topics, whose names it tells. */
    static JsonProduceAnswer of(JsonProduceRequest request, List<Topic> topicOfBatch) {
        return new JsonProduceAnswer(
                request, topicOfBatch.stream().map(Topic::name).toList());
    }

    /** @throws ApiException when a batch was refused */
    void write(Context ctx, List<BatchOutcome> outcomes) {
        requireAppended(outcomes);
        Answers.jsonPieces(ctx, new Offsets(outcomes), () -> {});
    }

    /** The offsets, one after the other. */
    private final class Offsets implements JsonPieces.Text {
        private final List<BatchOutcome> outcomes;
        private int record = -1;

        Offsets(List<BatchOutcome> outcomes) {
            this.outcomes = outcomes;
        }

        @Override
        public boolean writeSome(JsonGenerator out) throws IOException {
            if (record < 0) {
                out.writeStartObject();
                out.writeArrayFieldStart("offsets");
            } else if (record < batchOf.length) {
                int batch = batchOf[record];
                writeOffset(
                        out,
                        topics == null ? null : topics.get(batch),
                        partitions[batch],
                        (BatchOutcome.Appended) outcomes.get(batch),
                        placeOf[record],
                        timestamps[record]);
            } else {
                out.writeEndArray();
                out.writeEndObject();
                return false;
            }
            record++;
            return true;
        }
    }

    private static void writeOffset(
            JsonGenerator out,
            @Nullable String topic,
            int partition,
            BatchOutcome.Appended appended,
            int place,
            long timestampMs)
            throws IOException {
        out.writeStartObject();
        if (topic != null) {
            out.writeStringField("topic", topic);
        }
        out.writeNumberField("partition", partition);
        if (appended.baseOffset() < 0) {
            out.writeNullField("offset");
        } else {
            out.writeNumberField("offset", appended.baseOffset() + place);
        }
        out.writeStringField(
                "timestamp", Timestamps.format(appended.appendTimeMs() < 0 ? timestampMs : appended.appendTimeMs()));
        out.writeEndObject();
    }

    private void requireAppended(List<BatchOutcome> outcomes) {
        BatchOutcome.@Nullable Refused first = null;
        List<RecordError> errors = new ArrayList<>();
        for (int b = 0; b < outcomes.size(); b++) {
            if (outcomes.get(b) instanceof BatchOutcome.Refused refused) {
                first = first == null ? refused : first;
                addErrors(errors, b, refused.recordErrors());
            }
        }
        if (first == null) {
            return;
        }
        if (errors.isEmpty()) {
            throw first.exception();
        }
        errors.sort(Comparator.comparingInt(RecordError::index));
        throw RecordErrors.exception(
                errors.subList(0, Math.min(errors.size(), JsonProduceReader.MAX_RECORD_ERRORS)), errors.size());
    }

    /** By the records' indexes in the request rather than in their batch. */
    private void addErrors(List<RecordError> errors, int batch, List<RecordError> inBatch) {
        if (inBatch.isEmpty()) {
            return;
        }
        Map<Integer, RecordError> byPlace = inBatch.stream()
                .collect(Collectors.toMap(RecordError::index, Function.identity(), (one, other) -> one));
        for (int i = 0; i < batchOf.length; i++) {
            RecordError error = batchOf[i] == batch ? byPlace.get(placeOf[i]) : null;
            if (error != null) {
                errors.add(new RecordError(i, error.error(), error.detail()));
            }
        }
    }
}
