package dev.tidemark.server.http;

import dev.tidemark.protocol.ProduceFrame;
import dev.tidemark.protocol.RecordLayout;
import java.util.List;

/**
 * A JSON produce request as batches, one a partition.
 *
 * @param drafts what the batches were made from, in the same order
 * @param batchOf by the record's index in the request, its batch
 * @param placeOf by the record's index in the request, its place in the batch
 */
record JsonProduceRequest(List<ProduceFrame.Batch> batches, List<BatchDraft> drafts, int[] batchOf, int[] placeOf) {
    int recordCount() {
        return batchOf.length;
    }

    /** The timestamps as the request gave them (or as it came), by index in the request. The batches' arrays must still be the caller's own. */
    long[] timestamps() {
        long[] timestamps = new long[recordCount()];
        for (int b = 0; b < batches.size(); b++) {
            ProduceFrame.Batch batch = batches.get(b);
            int at = batch.at();
            for (int place = 0; place < batch.recordCount(); place++) {
                timestamps[drafts.get(b).requestIndex(place)] = RecordLayout.timestampMs(batch.bytes(), at);
                at = RecordLayout.end(batch.bytes(), at);
            }
        }
        return timestamps;
    }
}
