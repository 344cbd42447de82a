package dev.tidemark.client;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads records from partitions.
 *
 * <pre>{@code
 * try (TidemarkConsumer<String, String> consumer = TidemarkConsumer.builder()
 *         .servers("http://localhost:8080")
 *         .keyDeserializer(Deserializers.text())
 *         .valueDeserializer(Deserializers.text())
 *         .build()) {
 *     consumer.assign(consumer.partitionsFor("greetings"));
 *     consumer.seekToBeginning(consumer.assignment());
 *     for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(5))) {
 *         System.out.println(record.offset() + ": " + record.key() + " = " + record.value());
 *     }
 * }
 * }</pre>
 *
 * <p>Reading moves nothing on the server: any number of consumers read the same records, and again after a {@link #seek}. While the application works on what a poll
 * returned, a background thread fetches what comes next.
 *
 * <p>For one thread at a time, or {@link java.util.ConcurrentModificationException}; only {@link #wakeup} may be called from any thread.
 */
public final class TidemarkConsumer<K, V> implements AutoCloseable {
    TidemarkConsumer(ConsumerConfig config, Deserializer<K> keyDeserializer, Deserializer<V> valueDeserializer) {}

    /** Settings of a new consumer of bytes; set deserializers for other types. */
    public static ConsumerBuilder<byte[], byte[]> builder() {
        return new ConsumerBuilder<>(Deserializers.bytes(), Deserializers.bytes());
    }

    /** Reads these partitions from now on and no others. Partitions that stay keep their position; new ones have none until a seek or {@code autoOffsetReset} gives one. */
    public void assign(Collection<TopicPartition> partitions) {
        throw new UnsupportedOperationException();
    }

    /** The partitions being read. */
    public Set<TopicPartition> assignment() {
        throw new UnsupportedOperationException();
    }

    /** Goes on at that offset. Offsets outside the log are dealt with by the next poll, as {@code autoOffsetReset} says. */
    public void seek(TopicPartition partition, long offset) {
        throw new UnsupportedOperationException();
    }

    /** Goes on at the log start offset, as it is when next polled. */
    public void seekToBeginning(Collection<TopicPartition> partitions) {
        throw new UnsupportedOperationException();
    }

    /** Goes on at the log end offset, as it is when next polled (or asked for by {@link #position}). */
    public void seekToEnd(Collection<TopicPartition> partitions) {
        throw new UnsupportedOperationException();
    }

    /**
     * The next records; returns as soon as there are some, and empty when none came in time. Retriable failures are retried within the time and not thrown.
     *
     * @param timeout 0 returns what has been fetched already
     * @throws OffsetOutOfRangeException when a position is outside the log and {@code autoOffsetReset} is NONE
     * @throws NoOffsetException when a partition has no position and {@code autoOffsetReset} is NONE
     * @throws SerializationException when a record's bytes are not what the deserializer expects; the position stays at that record
     * @throws WakeupException after {@link #wakeup}
     * @throws TidemarkException when the server refuses
     */
    public ConsumerRecords<K, V> poll(Duration timeout) {
        throw new UnsupportedOperationException();
    }

    /** Returns no records of these partitions until {@link #resume}; their positions stay. */
    public void pause(Collection<TopicPartition> partitions) {
        throw new UnsupportedOperationException();
    }

    public void resume(Collection<TopicPartition> partitions) {
        throw new UnsupportedOperationException();
    }

    public Set<TopicPartition> paused() {
        throw new UnsupportedOperationException();
    }

    /** The offset of the next record that poll will return; asks the server when there is none yet. */
    public long position(TopicPartition partition) {
        throw new UnsupportedOperationException();
    }

    /** The log start offsets. */
    public Map<TopicPartition, Long> beginningOffsets(Collection<TopicPartition> partitions) {
        throw new UnsupportedOperationException();
    }

    /** The log end offsets: the one the next record will get. */
    public Map<TopicPartition, Long> endOffsets(Collection<TopicPartition> partitions) {
        throw new UnsupportedOperationException();
    }

    /**
     * For each partition the first record at or after a time.
     *
     * @param timestamps milliseconds since 1970-01-01T00:00Z
     * @return without the partitions that have no such record
     */
    public Map<TopicPartition, OffsetAndTimestamp> offsetsForTimes(Map<TopicPartition, Long> timestamps) {
        throw new UnsupportedOperationException();
    }

    /** The topic's partitions. @throws UnknownTopicOrPartitionException when there is no such topic */
    public List<TopicPartition> partitionsFor(String topic) {
        throw new UnsupportedOperationException();
    }

    /** Ends the wait of the poll that runs, or of the next one, with {@link WakeupException}. May be called from any thread. */
    public void wakeup() {
        throw new UnsupportedOperationException();
    }

    /** Stops fetching and frees everything; takes at most a few seconds. Idempotent. */
    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
