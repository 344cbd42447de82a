package dev.tidemark.client;

import java.util.concurrent.atomic.AtomicLong;

/** What {@link ProducerMetrics} shows; counted by batch. */
final class ProducerCounters {
    final AtomicLong recordsSent = new AtomicLong();
    final AtomicLong recordsFailed = new AtomicLong();
    final AtomicLong bytesSent = new AtomicLong();
    final AtomicLong batchesSent = new AtomicLong();
    final AtomicLong requests = new AtomicLong();
    final AtomicLong retries = new AtomicLong();

    void completed(Batch batch) {
        if (batch.isFailed()) {
            recordsFailed.addAndGet(batch.count());
        } else {
            recordsSent.addAndGet(batch.count());
            bytesSent.addAndGet(batch.bytes());
            batchesSent.incrementAndGet();
        }
    }

    ProducerMetrics snapshot(long bufferBytesUsed, int requestsInFlight) {
        return new ProducerMetrics(
                recordsSent.get(),
                recordsFailed.get(),
                bytesSent.get(),
                batchesSent.get(),
                requests.get(),
                retries.get(),
                bufferBytesUsed,
                requestsInFlight);
    }
}
