package dev.tidemark.client;

/**
 * What a producer has done since it was made; each number is right, but they are not read at one instant.
 *
 * @param recordsSent acknowledged records
 * @param recordsFailed records whose future failed after they were accepted by {@code send}
 * @param bytesSent bytes of the acknowledged records as encoded
 * @param batchesSent acknowledged batches
 * @param requests produce requests sent, repeated ones included
 * @param retries batches sent again
 * @param bufferBytesUsed memory held by records that wait or are in flight
 * @param requestsInFlight requests whose answer is awaited
 */
public record ProducerMetrics(
        long recordsSent,
        long recordsFailed,
        long bytesSent,
        long batchesSent,
        long requests,
        long retries,
        long bufferBytesUsed,
        int requestsInFlight) {}
