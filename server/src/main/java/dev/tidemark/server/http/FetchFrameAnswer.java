package dev.tidemark.server.http;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.FetchFrame;
import dev.tidemark.protocol.MediaTypes;
import dev.tidemark.server.log.fetch.PartitionRecords;
import dev.tidemark.server.log.tail.Slice;
import io.javalin.http.Context;
import java.util.ArrayList;
import java.util.List;

/** A fetch answer in the binary form: the records' bytes go from where they lie to the socket. */
final class FetchFrameAnswer {
    private FetchFrameAnswer() {}

    /** @param afterwards run once the records are not held any more */
    static void write(Context ctx, List<PartitionRecords> partitions, Runnable afterwards) {
        List<Slice> body = new ArrayList<>();
        long length = add(body, FetchFrame.header(partitions.size()));
        for (PartitionRecords partition : partitions) {
            int records = partition.byteCount();
            length += add(body, FetchFrame.encode(head(partition, records))) + records;
            body.addAll(partition.slices());
        }
        ctx.status(200).contentType(MediaTypes.RECORDS_V1);
        Answers.slices(ctx, body, length, afterwards);
    }

    private static int add(List<Slice> body, byte[] bytes) {
        body.add(new Slice(bytes, 0, bytes.length));
        return bytes.length;
    }

    private static FetchFrame.SectionHeader head(PartitionRecords partition, int recordBytes) {
        ErrorCode error = partition.error();
        return new FetchFrame.SectionHeader(
                error == null ? 0 : (short) error.code(),
                partition.detail(),
                partition.logStartOffset(),
                partition.highWatermark(),
                partition.lastStableOffset(),
                partition.leaderEpoch(),
                partition.nextOffset(),
                partition.recordCount(),
                recordBytes);
    }
}
