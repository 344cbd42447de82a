package dev.tidemark.server.http;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.tidemark.protocol.ApiException;
import dev.tidemark.protocol.RecordError;
import dev.tidemark.server.log.append.BatchOutcome;
import io.javalin.http.Context;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The answer to a JSON produce request: where each record is, in the order of the request; or, since it is all or nothing, one problem that names the records at fault. */
final class JsonProduceAnswer {
    private JsonProduceAnswer() {}

    /** @throws ApiException when a batch was refused */
    static void write(Context ctx, JsonProduceRequest request, long[] timestamps, List<BatchOutcome> outcomes) {
        requireAppended(request, outcomes);
        Answers.jsonStream(ctx, out -> {
            out.writeStartObject();
            out.writeArrayFieldStart("offsets");
            for (int i = 0; i < request.recordCount(); i++) {
                int batch = request.batchOf()[i];
                writeOffset(
                        out,
                        request.batches().get(batch).partition(),
                        (BatchOutcome.Appended) outcomes.get(batch),
                        request.placeOf()[i],
                        timestamps[i]);
            }
            out.writeEndArray();
            out.writeEndObject();
        });
    }

    private static void writeOffset(
            JsonGenerator out, int partition, BatchOutcome.Appended appended, int place, long timestampMs)
            throws IOException {
        out.writeStartObject();
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

    private static void requireAppended(JsonProduceRequest request, List<BatchOutcome> outcomes) {
        BatchOutcome.@Nullable Refused first = null;
        List<RecordError> errors = new ArrayList<>();
        for (int b = 0; b < outcomes.size(); b++) {
            if (outcomes.get(b) instanceof BatchOutcome.Refused refused) {
                first = first == null ? refused : first;
                BatchDraft draft = request.drafts().get(b);
                refused.recordErrors()
                        .forEach(
                                e -> errors.add(new RecordError(draft.requestIndex(e.index()), e.error(), e.detail())));
            }
        }
        if (first == null) {
            return;
        }
        if (errors.isEmpty()) {
            throw new ApiException(first.error(), first.detail());
        }
        errors.sort(Comparator.comparingInt(RecordError::index));
        throw RecordErrors.exception(
                errors.subList(0, Math.min(errors.size(), JsonProduceReader.MAX_RECORD_ERRORS)), errors.size());
    }
}
