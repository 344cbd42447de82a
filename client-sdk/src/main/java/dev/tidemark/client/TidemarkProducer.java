package dev.tidemark.client;

import dev.tidemark.protocol.HeaderCodec;
import dev.tidemark.protocol.RecordLayout;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
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
    private static final System.Logger LOGGER = System.getLogger(TidemarkProducer.class.getName());
    private static final int CHUNK_BYTES = 32 << 10;
    private static final Duration FOREVER = Duration.ofSeconds(Long.MAX_VALUE);

    /** How long a close waits for threads that were told to stop. */
    private static final Duration STOP_TIME = Duration.ofSeconds(5);

    private final ProducerConfig config;
    private final Serializer<K> keySerializer;
    private final Serializer<V> valueSerializer;
    private final int maxRecordBytes;
    private final ProducerCounters counters = new ProducerCounters();
    private final BufferPool pool;
    private final Sender sender;
    private final ProducerTopics topics;
    private final TransactionSender transactions;
    private volatile boolean closed;

    TidemarkProducer(ProducerConfig config, Serializer<K> keySerializer, Serializer<V> valueSerializer) {
        this.config = config;
        this.keySerializer = keySerializer;
        this.valueSerializer = valueSerializer;
        this.maxRecordBytes = config.maxRequestBytes() - Batch.HEADROOM;
        int batchBytes = Math.min(config.batchBytes(), maxRecordBytes);
        this.pool = new BufferPool(config.bufferBytes(), Math.min(CHUNK_BYTES, batchBytes + Batch.HEADROOM));
        Transport transport = new Transport(config.connection());
        this.topics = new ProducerTopics(
                new Caller(transport),
                config.maxBlock(),
                partition -> new PartitionPipeline(
                        new PartitionBuffer(partition, batchBytes),
                        config.idempotence(),
                        config.maxInFlightRequests()));
        this.transactions = new TransactionSender(transport, config);
        this.sender = new Sender(config, transport, pool, counters, topics::forget);
    }

    /** Settings of a new producer of bytes; set serializers for other types. */
    public static ProducerBuilder<byte[], byte[]> builder() {
        return new ProducerBuilder<>(Serializers.bytes(), Serializers.bytes());
    }

    /**
     * Sends a record. Blocks while the buffer is full, and for a topic's first record while its partitions are asked for; each at most for {@code maxBlock}. For a named partition that is not known
     * they are asked for again, a second after the last time at the earliest: it may have been added since.
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
        byte[] key = serialize(keySerializer, record.topic(), record.key(), "key");
        byte[] value = serialize(valueSerializer, record.topic(), record.value(), "value");
        byte[] headers = record.headers().isEmpty() ? null : encode(record);
        int size = requireSize(key, value, headers);
        Long timestamp = record.timestamp();
        long timestampMs = timestamp == null ? System.currentTimeMillis() : timestamp;
        TopicBuffers topic = topic(record.topic());
        // Never 0, though another thread may have learnt just now that the topic is gone.
        int count = Math.max(topic.partitionCount(), 1);
        int partition = choosePartition(topic, count, record.partition(), key, value);
        boolean sticky = partition == RecordPartitioner.ANY;
        if (sticky) {
            partition = topic.sticky(count);
        }
        PendingRecord sent =
                topic.partition(partition).buffer.tryAppend(timestampMs, key, value, headers, size, callback);
        if (sent == null && sticky && topic.partition(partition).buffer.wantsNewBatch(size)) {
            topic.moveStickyFrom(partition, count);
            partition = topic.sticky(count);
            sent = topic.partition(partition).buffer.tryAppend(timestampMs, key, value, headers, size, callback);
        }
        return sent != null
                ? sent
                : appendWithMemory(topic.partition(partition), timestampMs, key, value, headers, size, callback);
    }

    /**
     * Sends records to any topics, and commits a consumer group's offsets, all or nothing: one database transaction of the server's.
     *
     * <pre>{@code
     * producer.transaction(transaction -> {
     *     for (ConsumerRecord<String, String> record : records) {
     *         transaction.send(new ProducerRecord<>("out", record.key(), transform(record.value())));
     *     }
     *     transaction.commit(positions);
     * });
     * }</pre>
     *
     * <p>The function gathers; what it throws is thrown here, and nothing was sent. When it has returned, everything goes out in one request, apart from what {@link #send} sends and without waiting for
     * that, and this blocks until it is acknowledged. It is sent again, within {@code deliveryTimeout}, until its outcome is known; nothing is doubled. Any number of threads may do so at a time.
     *
     * <p>Where the outcome stays unknown, a consumer whose offsets were {@linkplain Transaction#commit(TidemarkConsumer) committed} with it leaves its group and joins anew with its next poll. Its partitions come back, to it or to
     * another, only when the transaction has taken place or never will: so the usual loop, which goes back to what is committed and does it again, doubles nothing. Offsets given as {@link GroupOffsets} are the
     * application's to look after in the same way.
     *
     * @return where the records are, in the order they were sent
     * @throws TidemarkTimeoutException when it is not known whether it took place
     * @throws InterruptException likewise
     * @throws TidemarkException any other: it did not take place. By {@code errorCode} what the group had to say against its offsets, such as ILLEGAL_GENERATION
     * @throws IllegalStateException when the producer is closed, or has {@link Acks#NONE}
     */
    public <X extends Exception> List<RecordMetadata> transaction(TransactionWork<K, V, X> work) throws X {
        if (config.acks() == Acks.NONE) {
            throw new IllegalStateException("a transaction is acknowledged: not with acks NONE");
        }
        if (closed) {
            throw closedException();
        }
        Gathering gathering = new Gathering();
        try {
            work.addTo(gathering);
        } finally {
            gathering.isOver = true;
        }
        try {
            return gathering.buffer.isEmpty() ? List.of() : transactions.send(gathering.buffer);
        } catch (TidemarkTimeoutException | InterruptException unknown) {
            gathering.isInDoubt(unknown);
            throw unknown;
        }
    }

    private final class Gathering implements Transaction<K, V> {
        private final TransactionBuffer buffer = new TransactionBuffer(config.maxTransactionBytes());
        /** By topic, where its records without a key go. */
        private final Map<String, Integer> sticky = new HashMap<>();

        /** Of this consumer are the offsets. */
        private @Nullable TidemarkConsumer<?, ?> consumer;

        private boolean isOver;

        @Override
        public void send(ProducerRecord<K, V> record) {
            requireOpen();
            byte[] key = serialize(keySerializer, record.topic(), record.key(), "key");
            byte[] value = serialize(valueSerializer, record.topic(), record.value(), "value");
            byte[] headers = record.headers().isEmpty() ? null : encode(record);
            Long timestamp = record.timestamp();
            TopicBuffers topic = topic(record.topic());
            int count = Math.max(topic.partitionCount(), 1);
            int chosen = choosePartition(topic, count, record.partition(), key, value);
            int partition = chosen == RecordPartitioner.ANY
                    ? sticky.computeIfAbsent(topic.topic, name -> {
                        int now = topic.sticky(count);
                        topic.moveStickyFrom(now, count);
                        return now;
                    })
                    : chosen;
            buffer.add(
                    new TopicPartition(record.topic(), partition),
                    timestamp == null ? System.currentTimeMillis() : timestamp,
                    key,
                    value,
                    headers);
        }

        @Override
        public void commit(GroupOffsets offsets) {
            requireOpen();
            buffer.commit(offsets);
        }

        @Override
        public void commit(TidemarkConsumer<?, ?> consumer) {
            Transaction.super.commit(consumer);
            this.consumer = consumer;
        }

        void isInDoubt(TidemarkException unknown) {
            GroupOffsets offsets = buffer.offsets();
            if (consumer != null && offsets != null) {
                consumer.leaveInDoubt(offsets, unknown);
            }
        }

        private void requireOpen() {
            if (isOver) {
                throw new IllegalStateException("the transaction is over");
            }
        }
    }

    private PendingRecord appendWithMemory(
            PartitionPipeline pipeline,
            long timestampMs,
            byte @Nullable [] key,
            byte @Nullable [] value,
            byte @Nullable [] headers,
            int size,
            @Nullable SendCallback callback) {
        // A sender thread (in a callback) would wait for memory that it must free itself.
        Duration maxBlock = sender.isSenderThread() ? Duration.ZERO : config.maxBlock();
        Chunk spare = pool.acquire(size + Batch.HEADROOM, maxBlock, sender::memoryWanted);
        PartitionBuffer.Appended appended =
                pipeline.buffer.append(spare, timestampMs, key, value, headers, size, callback, sender::begun);
        if (!appended.spareUsed()) {
            pool.release(spare, true);
        }
        PendingRecord record = appended.record();
        if (record == null) {
            throw closedException();
        }
        sender.announce(pipeline);
        refreshWhenDue(pipeline.buffer.partition.topic());
        return record;
    }

    /** Looked at once for many records, when one of them needs memory. */
    private void refreshWhenDue(String topic) {
        if (topics.beginRefresh(topic)) {
            sender.runErrand(() -> refresh(topic));
        }
    }

    private TopicBuffers topic(String name) {
        if (closed) {
            throw closedException();
        }
        return topics.get(name);
    }

    private void refresh(String topic) {
        try {
            topics.load(topic, config.connection().requestTimeout());
        } catch (TidemarkException notNow) {
            // Nothing is lost but partitions added meanwhile: the next refresh finds them, and sending says what is
            // wrong.
            LOGGER.log(System.Logger.Level.DEBUG, "could not refresh topic " + topic, notNow);
        }
    }

    private int choosePartition(
            TopicBuffers topic, int count, @Nullable Integer named, byte @Nullable [] key, byte @Nullable [] value) {
        if (named != null) {
            topics.require(topic, named);
            return named;
        }
        int partition = config.partitioner().partition(topic.topic, key, value, count);
        if (partition < RecordPartitioner.ANY || partition >= count) {
            throw new IllegalStateException(
                    "the partitioner chose " + partition + " for topic " + topic.topic + ", which has " + count);
        }
        return partition;
    }

    private static <T> byte @Nullable [] serialize(
            Serializer<T> serializer, String topic, @Nullable T data, String what) {
        if (data == null) {
            return null;
        }
        try {
            return serializer.serialize(topic, data);
        } catch (RuntimeException e) {
            throw new SerializationException("the " + what + " for topic " + topic + ": " + e.getMessage(), e);
        }
    }

    private static byte[] encode(ProducerRecord<?, ?> record) {
        try {
            return HeaderCodec.encode(record.headers());
        } catch (IllegalArgumentException e) {
            throw new SerializationException(String.valueOf(e.getMessage()), e);
        }
    }

    private int requireSize(byte @Nullable [] key, byte @Nullable [] value, byte @Nullable [] headers) {
        long size = (long) RecordLayout.OVERHEAD_BYTES + length(key) + length(value) + length(headers);
        if (size > maxRecordBytes) {
            throw new RecordTooLargeException(
                    "the record is " + size + " bytes when encoded, and maxRequestBytes leaves room for "
                            + maxRecordBytes,
                    null);
        }
        return (int) size;
    }

    private static int length(byte @Nullable [] part) {
        return part == null ? 0 : part.length;
    }

    private static IllegalStateException closedException() {
        return new IllegalStateException("the producer is closed");
    }

    /**
     * Sends what is there without linger, and waits until every record sent before this call has its outcome; their futures say which. Bounded by {@code deliveryTimeout}.
     *
     * @throws IllegalStateException when called on the sender thread, which would wait for itself
     */
    public void flush() {
        if (sender.isSenderThread()) {
            throw new IllegalStateException("flush in a callback would wait for itself");
        }
        try {
            sender.flush(FOREVER);
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    /**
     * The topic's partitions.
     *
     * @throws UnknownTopicOrPartitionException when there is no such topic
     */
    public List<TopicPartition> partitionsFor(String topic) {
        if (closed) {
            throw closedException();
        }
        int count = topics.load(topic, config.maxBlock()).partitionCount();
        return IntStream.range(0, count)
                .mapToObj(partition -> new TopicPartition(topic, partition))
                .toList();
    }

    public ProducerMetrics metrics() {
        return counters.snapshot(pool.usedBytes(), sender.requestsInFlight());
    }

    /** Closes after every record has its outcome; bounded by {@code deliveryTimeout}. */
    @Override
    public void close() {
        close(FOREVER);
    }

    /** Takes no more records, waits that long for those on their way, then fails the rest with {@link TidemarkTimeoutException} and frees everything. Idempotent. */
    public void close(Duration timeout) {
        closed = true;
        topics.close();
        try {
            if (!sender.isSenderThread()) {
                sender.flush(timeout);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        sender.abort(topics.pipelines(), STOP_TIME);
    }
}
