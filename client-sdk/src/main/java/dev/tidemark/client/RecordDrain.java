package dev.tidemark.client;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Makes records of what has been fetched. For the application's thread alone. */
final class RecordDrain<K, V> {
    private final ConsumerPartitions partitions;
    private final int maxRecords;
    private final Deserializer<K> keyDeserializer;
    private final Deserializer<V> valueDeserializer;

    /** @param maxRecords at a time */
    RecordDrain(
            ConsumerPartitions partitions,
            int maxRecords,
            Deserializer<K> keyDeserializer,
            Deserializer<V> valueDeserializer) {
        this.partitions = partitions;
        this.maxRecords = maxRecords;
        this.keyDeserializer = keyDeserializer;
        this.valueDeserializer = valueDeserializer;
    }

    /** What has been fetched, up to {@code maxPollRecords}. @throws TidemarkException when there is nothing but a failure */
    ConsumerRecords<K, V> drain() {
        Map<TopicPartition, List<ConsumerRecord<K, V>>> records = new LinkedHashMap<>();
        List<ConsumerPartition> pollable = partitions.pollable();
        int left = maxRecords;
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
