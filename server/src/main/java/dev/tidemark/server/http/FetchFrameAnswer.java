package dev.tidemark.server.http;

import dev.tidemark.protocol.ErrorCode;
import dev.tidemark.protocol.FetchFrame;
import dev.tidemark.protocol.MediaTypes;
import dev.tidemark.server.log.fetch.PartitionRecords;
import dev.tidemark.server.log.tail.Slice;
import io.javalin.http.Context;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/** A fetch answer in the binary form: the records' bytes go from where they lie to the socket. */
final class FetchFrameAnswer {
    private FetchFrameAnswer() {}

    static void write(Context ctx, List<PartitionRecords> partitions) {
        List<byte[]> heads = new ArrayList<>(partitions.size());
        long length = FetchFrame.HEADER_BYTES;
        for (PartitionRecords partition : partitions) {
            int records = recordBytes(partition);
            byte[] head = FetchFrame.encode(head(partition, records));
            heads.add(head);
            length += head.length + records;
        }
        ctx.status(200).contentType(MediaTypes.RECORDS_V1);
        ctx.res().setContentLengthLong(length);
        try {
            OutputStream out = ctx.res().getOutputStream();
            out.write(FetchFrame.header(partitions.size()));
            for (int i = 0; i < heads.size(); i++) {
                out.write(heads.get(i));
                for (Slice slice : partitions.get(i).slices()) {
                    out.write(slice.bytes(), slice.at(), slice.length());
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int recordBytes(PartitionRecords partition) {
        int bytes = 0;
        for (Slice slice : partition.slices()) {
            bytes = Math.addExact(bytes, slice.length());
        }
        return bytes;
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
