package dev.tidemark.server.http;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.RecordLayout;
import dev.tidemark.server.log.fetch.PartitionRecords;
import dev.tidemark.server.log.tail.Slice;
import dev.tidemark.server.topic.Topic;
import io.javalin.http.Context;
import java.io.IOException;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A fetch answer in JSON, written record by record as it goes out. */
final class JsonFetchAnswer implements JsonPieces.Text {
    private final boolean several;
    private final List<@Nullable Topic> topics;
    private final List<PartitionRecords> partitions;
    private final boolean decodeText;

    /** The partition being written; -1 before the first. */
    private int section = -1;

    private Iterator<Slice> slices = Collections.emptyIterator();
    private @Nullable JsonRecordWriter records;
    private Slice slice = new Slice(new byte[0], 0, 0);
    private int at;

    private JsonFetchAnswer(
            boolean several, List<@Nullable Topic> topics, List<PartitionRecords> partitions, boolean decodeText) {
        this.several = several;
        this.topics = topics;
        this.partitions = partitions;
        this.decodeText = decodeText;
    }

    /** @param afterwards run once the records are not held any more */
    static void writeOne(
            Context ctx, Topic topic, PartitionRecords partition, boolean decodeText, Runnable afterwards) {
        Answers.jsonPieces(ctx, new JsonFetchAnswer(false, List.of(topic), List.of(partition), decodeText), afterwards);
    }

    /**
     * @param topics by section, null where there is none of that name
     * @param afterwards run once the records are not held any more
     */
    static void writeSeveral(
            Context ctx,
            List<@Nullable Topic> topics,
            List<PartitionRecords> partitions,
            boolean decodeText,
            Runnable afterwards) {
        Answers.jsonPieces(ctx, new JsonFetchAnswer(true, topics, partitions, decodeText), afterwards);
    }

    @Override
    public boolean writeSome(JsonGenerator out) throws IOException {
        if (section < 0) {
            begin(out);
        } else if (records != null && at < slice.at() + slice.length()) {
            records.write(slice.bytes(), at);
            at = RecordLayout.end(slice.bytes(), at);
        } else if (slices.hasNext()) {
            slice = slices.next();
            at = slice.at();
        } else {
            endSection(out, partitions.get(section));
            return beginSection(out, section + 1);
        }
        return true;
    }

    private void begin(JsonGenerator out) throws IOException {
        if (several) {
            out.writeStartObject();
            out.writeArrayFieldStart("partitions");
        }
        beginSection(out, 0);
    }

    /** @return whether there is one */
    private boolean beginSection(JsonGenerator out, int number) throws IOException {
        section = number;
        if (section == partitions.size()) {
            end(out);
            return false;
        }
        PartitionRecords partition = partitions.get(section);
        out.writeStartObject();
        if (several) {
            out.writeStringField("topic", partition.topic());
            out.writeNumberField("partition", partition.partition());
            writeError(out, partition);
        }
        out.writeArrayFieldStart("records");
        Topic topic = topics.get(section);
        records = topic == null ? null : new JsonRecordWriter(out, topic.config(), decodeText);
        slices =
                topic == null ? Collections.emptyIterator() : partition.slices().iterator();
        return true;
    }

    private static void writeError(JsonGenerator out, PartitionRecords partition) throws IOException {
        ErrorCode error = partition.error();
        if (error != null) {
            out.writeStringField("error", error.name());
            out.writeStringField("detail", partition.detail());
            out.writeBooleanField("retriable", error.retriable());
        }
    }

    private static void endSection(JsonGenerator out, PartitionRecords partition) throws IOException {
        out.writeEndArray();
        out.writeNumberField("log_start_offset", partition.logStartOffset());
        out.writeNumberField("high_watermark", partition.highWatermark());
        out.writeNumberField("last_stable_offset", partition.lastStableOffset());
        out.writeNumberField("leader_epoch", partition.leaderEpoch());
        out.writeNumberField("next_offset", partition.nextOffset());
        out.writeEndObject();
    }

    private void end(JsonGenerator out) throws IOException {
        if (several) {
            out.writeEndArray();
            out.writeEndObject();
        }
    }
}
