package dev.tidemark.cli;

import dev.tidemark.client.ConsumerRecord;
import dev.tidemark.client.ConsumerRecords;
import dev.tidemark.client.TidemarkConsumer;
import dev.tidemark.client.TopicPartition;
import dev.tidemark.protocol.api.PartitionDescription;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/**
 * Finds where the last records of several partitions begin. Offsets do not say which partition's record came later, so the timestamps of all that may be among
 * the last are read first.
 */
final class LastRecords {
    /** A bound on memory, at some 40 bytes each. */
    private static final long MAX_CANDIDATES = 5_000_000;

    private static final Duration POLL = Duration.ofSeconds(1);

    /** What is needed of a record to choose. */
    record Candidate(long offset, long timestampMs) {}

    private LastRecords() {}

    /** Where to start in each partition; polls the consumer, so seek it afterwards. */
    static Map<TopicPartition, Long> of(
            int count, Map<TopicPartition, PartitionDescription> logs, TidemarkConsumer<byte[], byte[]> consumer) {
        Map<TopicPartition, Long> starts = new HashMap<>();
        Map<TopicPartition, Long> ends = new HashMap<>();
        long candidates = 0;
        for (Map.Entry<TopicPartition, PartitionDescription> log : logs.entrySet()) {
            long end = log.getValue().logEndOffset();
            long start = Math.max(log.getValue().logStartOffset(), end - count);
            starts.put(log.getKey(), start);
            ends.put(log.getKey(), end);
            candidates += end - start;
        }
        if (candidates <= count) {
            return starts;
        }
        if (candidates > MAX_CANDIDATES) {
            throw new CommandFailed("the last " + count + " records of " + logs.size()
                    + " partitions are too many to choose among; --partition reads one partition only");
        }
        starts.forEach(consumer::seek);
        return choose(count, read(consumer, ends), ends);
    }

    private static Map<TopicPartition, List<Candidate>> read(
            TidemarkConsumer<byte[], byte[]> consumer, Map<TopicPartition, Long> ends) {
        Map<TopicPartition, List<Candidate>> candidates = new HashMap<>();
        LogEnds logEnds = new LogEnds(consumer, ends);
        while (!logEnds.reached()) {
            ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
            for (ConsumerRecord<byte[], byte[]> record : records) {
                if (logEnds.isBeforeEnd(record)) {
                    candidates
                            .computeIfAbsent(record.topicPartition(), partition -> new ArrayList<>())
                            .add(new Candidate(record.offset(), record.timestamp()));
                }
            }
            logEnds.polled(!records.isEmpty());
        }
        consumer.resume(ends.keySet());
        return candidates;
    }

    /**
     * Takes from the ends of the partitions, each time the record with the newest timestamp, until there are enough.
     *
     * @param candidates by partition, in offset order
     * @return where to start in each partition of {@code ends}: at its end where none of its records is among the last
     */
    static Map<TopicPartition, Long> choose(
            int count, Map<TopicPartition, List<Candidate>> candidates, Map<TopicPartition, Long> ends) {
        record Last(TopicPartition partition, List<Candidate> candidates, int index) {
            long timestampMs() {
                return candidates.get(index).timestampMs();
            }
        }
        PriorityQueue<Last> lasts =
                new PriorityQueue<>(Comparator.comparingLong(Last::timestampMs).reversed());
        candidates.forEach((partition, list) -> lasts.add(new Last(partition, list, list.size() - 1)));
        Map<TopicPartition, Long> starts = new HashMap<>(ends);
        for (int taken = 0; taken < count && !lasts.isEmpty(); taken++) {
            Last last = lasts.remove();
            starts.put(last.partition(), last.candidates().get(last.index()).offset());
            if (last.index() > 0) {
                lasts.add(new Last(last.partition(), last.candidates(), last.index() - 1));
            }
        }
        return starts;
    }
}
