package dev.tidemark.server.http;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.server.log.fetch.PartitionRecords;
import dev.tidemark.server.topic.Topic;
import io.javalin.http.Context;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A fetch answer in JSON, written record by record as it goes out. */
final class JsonFetchAnswer {
    private JsonFetchAnswer() {}

    static void writeOne(Context ctx, Topic topic, PartitionRecords partition, boolean decodeText) {
        Answers.jsonStream(ctx, out -> {
            out.writeStartObject();
            writeBody(out, topic, partition, decodeText);
            out.writeEndObject();
        });
    }

    /** @param topics by section, null where there is none of that name */
    static void writeSeveral(
            Context ctx, List<@Nullable Topic> topics, List<PartitionRecords> partitions, boolean decodeText) {
        Answers.jsonStream(ctx, out -> {
            out.writeStartObject();
            out.writeArrayFieldStart("partitions");
            for (int i = 0; i < partitions.size(); i++) {
                PartitionRecords partition = partitions.get(i);
                out.writeStartObject();
                out.writeStringField("topic", partition.topic());
                out.writeNumberField("partition", partition.partition());
                writeError(out, partition);
                writeBody(out, topics.get(i), partition, decodeText);
                out.writeEndObject();
            }
            out.writeEndArray();
            out.writeEndObject();
        });
    }

    private static void writeError(JsonGenerator out, PartitionRecords partition) throws IOException {
        ErrorCode error = partition.error();
        if (error != null) {
            out.writeStringField("error", error.name());
            out.writeStringField("detail", partition.detail());
            out.writeBooleanField("retriable", error.retriable());
        }
    }

    private static void writeBody(
            JsonGenerator out, @Nullable Topic topic, PartitionRecords partition, boolean decodeText)
            throws IOException {
        out.writeArrayFieldStart("records");
        if (topic != null) {
            JsonRecordWriter writer = new JsonRecordWriter(out, topic.config(), decodeText);
            for (var slice : partition.slices()) {
                writer.writeAll(slice.bytes(), slice.at(), slice.length());
            }
        }
        out.writeEndArray();
        out.writeNumberField("log_start_offset", partition.logStartOffset());
        out.writeNumberField("high_watermark", partition.highWatermark());
        out.writeNumberField("last_stable_offset", partition.lastStableOffset());
        out.writeNumberField("leader_epoch", partition.leaderEpoch());
        out.writeNumberField("next_offset", partition.nextOffset());
    }
}
