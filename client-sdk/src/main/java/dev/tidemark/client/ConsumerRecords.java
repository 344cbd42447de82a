package dev.tidemark.client;

import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;

/** What one poll returned: records by partition, those of a partition in offset order. Immutable. */
public final class ConsumerRecords<K, V> implements Iterable<ConsumerRecord<K, V>> {
    private final Map<TopicPartition, List<ConsumerRecord<K, V>>> records;
    private final int count;

    ConsumerRecords(Map<TopicPartition, List<ConsumerRecord<K, V>>> records) {
        this.records = Collections.unmodifiableMap(records);
        this.count = records.values().stream().mapToInt(List::size).sum();
    }

    public static <K, V> ConsumerRecords<K, V> empty() {
        return new ConsumerRecords<>(Map.of());
    }

    public int count() {
        return count;
    }

    public boolean isEmpty() {
        return count == 0;
    }

    /** The partitions that have records here. */
    public Set<TopicPartition> partitions() {
        return records.keySet();
    }

    /** A partition's records; empty when it has none here. */
    public List<ConsumerRecord<K, V>> records(TopicPartition partition) {
        return records.getOrDefault(partition, List.of());
    }

    @Override
    public Iterator<ConsumerRecord<K, V>> iterator() {
        return new Flat<>(records.values().iterator());
    }

    /** One partition's records after the other's. By hand: a flattened stream's iterator copies every record through a buffer. */
    private static final class Flat<K, V> implements Iterator<ConsumerRecord<K, V>> {
        private final Iterator<List<ConsumerRecord<K, V>>> partitions;
        private Iterator<ConsumerRecord<K, V>> current = Collections.emptyIterator();

        Flat(Iterator<List<ConsumerRecord<K, V>>> partitions) {
            this.partitions = partitions;
        }

        @Override
        public boolean hasNext() {
            while (!current.hasNext() && partitions.hasNext()) {
                current = partitions.next().iterator();
            }
            return current.hasNext();
        }

        @Override
        public ConsumerRecord<K, V> next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            return current.next();
        }
    }
}
