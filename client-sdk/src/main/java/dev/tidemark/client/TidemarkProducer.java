package dev.tidemark.client;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Sends records to topics. Thread-safe: share one among all threads, its batches are the fuller for it.
 *
 * <pre>{@code
 * try (TidemarkProducer<String, String> producer = TidemarkProducer.builder()
 *         .servers("http://localhost:8080")
 *         .keySerializer(Serializers.text())
 *         .valueSerializer(Serializers.text())
 *         .build()) {
 *     RecordMetadata written =
 *             producer.send(new ProducerRecord<>("greetings", "world", "hello")).join();
 *     System.out.println("partition " + written.partition() + ", offset " + written.offset());
 * }
 * }</pre>
 *
 * <p>{@link #send} puts the record into a batch of its partition and returns; a background thread sends batches. Records of one partition are appended in the order they
 * were sent, through retries too. With idempotence (the default) nothing is appended twice.
 */
public final class TidemarkProducer<K, V> implements AutoCloseable {
    TidemarkProducer(ProducerConfig config, Serializer<K> keySerializer, Serializer<V> valueSerializer) {}

    /** Settings of a new producer of bytes; set serializers for other types. */
    public static ProducerBuilder<byte[], byte[]> builder() {
        return new ProducerBuilder<>(Serializers.bytes(), Serializers.bytes());
    }

    /**
     * Sends a record. Blocks at most {@code maxBlock}: for a topic's first record while its partitions are asked for, and while the buffer is full.
     *
     * <p>The future fails with a {@link TidemarkException}: a {@link TidemarkTimeoutException} after {@code deliveryTimeout} (the outcome is unknown), anything else when the record is not in the log. It
     * completes on the sender thread: hang only quick, non-blocking work on it, or use the {@code …Async} methods. Completing or cancelling it from outside does not touch the record.
     *
     * @throws BufferExhaustedException when there was no room within {@code maxBlock}
     * @throws RecordTooLargeException when the record is larger than a request may be
     * @throws SerializationException when the key or value has no bytes
     * @throws UnknownTopicOrPartitionException when the topic, or the partition the record names, does not exist
     * @throws TidemarkException when the topic's metadata could not be had
     * @throws IllegalStateException when the producer is closed
     */
    public CompletableFuture<RecordMetadata> send(ProducerRecord<K, V> record) {
        return send(record, null);
    }

    /** As {@link #send(ProducerRecord)}, and calls back as well. */
    public CompletableFuture<RecordMetadata> send(ProducerRecord<K, V> record, @Nullable SendCallback callback) {
        throw new UnsupportedOperationException();
    }

    /**
     * Sends what is there without linger, and waits until every record sent before this call has its outcome; their futures say which. Bounded by {@code deliveryTimeout}.
     *
     * @throws IllegalStateException when called on the sender thread, which would wait for itself
     */
    public void flush() {
        throw new UnsupportedOperationException();
    }

    /**
     * The topic's partitions.
     *
     * @throws UnknownTopicOrPartitionException when there is no such topic
     */
    public List<TopicPartition> partitionsFor(String topic) {
        throw new UnsupportedOperationException();
    }

    public ProducerMetrics metrics() {
        throw new UnsupportedOperationException();
    }

    /** Closes after every record has its outcome; bounded by {@code deliveryTimeout}. */
    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }

    /** Takes no more records, waits that long for those on their way, then fails the rest with {@link TidemarkTimeoutException} and frees everything. Idempotent. */
    public void close(Duration timeout) {
        throw new UnsupportedOperationException();
    }
}
