package dev.tidemark.client;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
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
    /** How long a method other than poll may take, retries included; as Kafka's default.api.timeout.ms. */
    private static final Duration CALL_TIMEOUT = Duration.ofSeconds(60);

    private final ConsumerConfig config;
    private final Deserializer<K> keyDeserializer;
    private final Deserializer<V> valueDeserializer;
    private final Offsets offsets;
    private final ConsumerPartitions partitions;
    private final Fetcher fetcher;
    private final SingleUser user = new SingleUser();
    private boolean closed;

    TidemarkConsumer(ConsumerConfig config, Deserializer<K> keyDeserializer, Deserializer<V> valueDeserializer) {
        this.config = config;
        this.keyDeserializer = keyDeserializer;
        this.valueDeserializer = valueDeserializer;
        Transport transport = new Transport(config.connection());
        this.offsets = new Offsets(new Caller(transport));
        this.partitions = new ConsumerPartitions(config.autoOffsetReset(), config.prefetchBytes());
        this.fetcher = new Fetcher(config, transport, offsets, partitions);
        fetcher.start();
    }

    /** Settings of a new consumer of bytes; set deserializers for other types. */
    public static ConsumerBuilder<byte[], byte[]> builder() {
        return new ConsumerBuilder<>(Deserializers.bytes(), Deserializers.bytes());
    }

    /** Reads these partitions from now on and no others. Partitions that stay keep their position; new ones have none until a seek or {@code autoOffsetReset} gives one. */
    public void assign(Collection<TopicPartition> wanted) {
        try (SingleUser.Turn turn = enter()) {
            partitions.assign(List.copyOf(wanted));
        }
    }

    /** The partitions being read. */
    public Set<TopicPartition> assignment() {
        try (SingleUser.Turn turn = enter()) {
            return partitions.assignment();
        }
    }

    /** Goes on at that offset. Offsets outside the log are dealt with by the next poll, as {@code autoOffsetReset} says. */
    public void seek(TopicPartition partition, long offset) {
        if (offset < 0) {
            throw new IllegalArgumentException("offset must be 0 or more, not " + offset);
        }
        try (SingleUser.Turn turn = enter()) {
            partitions.seek(partition, offset);
        }
    }

    /** Goes on at the log start offset, as it is when next polled. */
    public void seekToBeginning(Collection<TopicPartition> wanted) {
        try (SingleUser.Turn turn = enter()) {
            partitions.seek(wanted, OffsetSpec.earliest());
        }
    }

    /** Goes on at the log end offset, as it is when next polled (or asked for by {@link #position}). */
    public void seekToEnd(Collection<TopicPartition> wanted) {
        try (SingleUser.Turn turn = enter()) {
            partitions.seek(wanted, OffsetSpec.latest());
        }
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
        try (SingleUser.Turn turn = enter()) {
            partitions.throwIfWokenUp();
            Deadline deadline = Deadline.in(timeout);
            while (true) {
                ConsumerRecords<K, V> records = drain();
                if (!records.isEmpty() || !partitions.awaitArrival(deadline)) {
                    return records;
                }
            }
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    /** Returns no records of these partitions until {@link #resume}; their positions stay. */
    public void pause(Collection<TopicPartition> wanted) {
        try (SingleUser.Turn turn = enter()) {
            partitions.pause(wanted);
        }
    }

    public void resume(Collection<TopicPartition> wanted) {
        try (SingleUser.Turn turn = enter()) {
            partitions.resume(wanted);
        }
    }

    public Set<TopicPartition> paused() {
        try (SingleUser.Turn turn = enter()) {
            return partitions.paused();
        }
    }

    /** The offset of the next record that poll will return; asks the server when there is none yet. */
    public long position(TopicPartition partition) {
        try (SingleUser.Turn turn = enter()) {
            return partitions.awaitPosition(partition, Deadline.in(CALL_TIMEOUT));
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    /** The log start offsets. */
    public Map<TopicPartition, Long> beginningOffsets(Collection<TopicPartition> wanted) {
        try (SingleUser.Turn turn = enter()) {
            return offsets.find(wanted, OffsetSpec.earliest(), CALL_TIMEOUT);
        }
    }

    /** The log end offsets: the one the next record will get. */
    public Map<TopicPartition, Long> endOffsets(Collection<TopicPartition> wanted) {
        try (SingleUser.Turn turn = enter()) {
            return offsets.find(wanted, OffsetSpec.latest(), CALL_TIMEOUT);
        }
    }

    /**
     * For each partition the first record at or after a time.
     *
     * @param timestamps milliseconds since 1970-01-01T00:00Z
     * @return without the partitions that have no such record
     */
    public Map<TopicPartition, OffsetAndTimestamp> offsetsForTimes(Map<TopicPartition, Long> timestamps) {
        try (SingleUser.Turn turn = enter()) {
            return offsets.findByTime(timestamps, CALL_TIMEOUT);
        }
    }

    /** The topic's partitions. @throws UnknownTopicOrPartitionException when there is no such topic */
    public List<TopicPartition> partitionsFor(String topic) {
        try (SingleUser.Turn turn = enter()) {
            return offsets.partitionsFor(topic, CALL_TIMEOUT);
        }
    }

    /** Ends the wait of the poll that runs, or of the next one, with {@link WakeupException}. May be called from any thread. */
    public void wakeup() {
        partitions.wakeup();
    }

    /** Stops fetching and frees everything; takes at most a few seconds. Idempotent. */
    @Override
    public void close() {
        try (SingleUser.Turn turn = user.enter()) {
            closed = true;
            partitions.close();
            fetcher.stop();
        }
    }

    private SingleUser.Turn enter() {
        SingleUser.Turn turn = user.enter();
        if (closed) {
            turn.close();
            throw new IllegalStateException("the consumer is closed");
        }
        return turn;
    }

    /** What has been fetched, up to {@code maxPollRecords}. */
    private ConsumerRecords<K, V> drain() {
        Map<TopicPartition, List<ConsumerRecord<K, V>>> records = new LinkedHashMap<>();
        List<ConsumerPartition> pollable = partitions.pollable();
        int left = config.maxPollRecords();
        for (ConsumerPartition state : pollable) {
            List<ConsumerRecord<K, V>> decoded = drain(state, left, records.isEmpty());
            if (!decoded.isEmpty()) {
                records.put(state.topicPartition, Collections.unmodifiableList(decoded));
                left -= decoded.size();
            }
        }
        if (records.isEmpty()) {
            pollable.forEach(partitions::throwFailure);
        }
        return new ConsumerRecords<>(records);
    }

    /** @param mayThrow whether nothing was decoded before; else it would be lost, and the next poll throws instead */
    private List<ConsumerRecord<K, V>> drain(ConsumerPartition state, int max, boolean mayThrow) {
        List<ConsumerRecord<K, V>> decoded = List.of();
        while (decoded.size() < max) {
            FetchedRecords current = state.current;
            if (current == null || current.isDone()) {
                current = partitions.next(state);
            }
            if (current == null) {
                break;
            }
            if (decoded.isEmpty()) {
                decoded = new ArrayList<>(Math.min(max, Math.max(0, current.recordsLeft())));
            }
            try {
                current.decode(max - decoded.size(), keyDeserializer, valueDeserializer, decoded);
            } catch (SerializationException failure) {
                if (mayThrow && decoded.isEmpty()) {
                    throw failure;
                }
                break;
            } finally {
                partitions.advance(state, current.position());
            }
        }
        return decoded;
    }
}
