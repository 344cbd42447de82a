package dev.tidemark.client;

import dev.tidemark.protocol.api.OffsetAnswer;
import dev.tidemark.protocol.api.PartitionDescription;
import dev.tidemark.protocol.api.TopicDescription;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Asks the server for offsets and partitions, and waits. Thread-safe. */
final class Offsets {
    /** From so many partitions of a topic on, describing it once is cheaper than asking for each. */
    private static final int DESCRIBE_FROM = 3;

    private static final Instant LAST_RFC_3339 = Instant.parse("9999-12-31T23:59:59.999Z");

    private final Caller caller;

    Offsets(Caller caller) {
        this.caller = caller;
    }

    List<TopicPartition> partitionsFor(String topic, Duration timeout) {
        return IntStream.range(0, describe(topic, timeout).partitionCount())
                .mapToObj(partition -> new TopicPartition(topic, partition))
                .toList();
    }

    TopicDescription describe(String topic, Duration timeout) {
        return caller.call(Request.get(Request.topicPath(topic)), timeout).as(TopicDescription.class);
    }

    /** The offset of every partition; past the end of the log it is the log end offset. */
    Map<TopicPartition, Long> find(Map<TopicPartition, OffsetSpec> wanted, Duration timeout) {
        Deadline deadline = Deadline.in(timeout);
        Map<TopicPartition, Long> found = new LinkedHashMap<>();
        Map<String, List<TopicPartition>> ends = new HashMap<>();
        wanted.forEach((partition, spec) -> {
            if (!(spec instanceof OffsetSpec.AtTime)) {
                ends.computeIfAbsent(partition.topic(), topic -> new ArrayList<>())
                        .add(partition);
            }
        });
        ends.values().stream()
                .filter(partitions -> partitions.size() >= DESCRIBE_FROM)
                .forEach(partitions -> found.putAll(findByDescribing(partitions, wanted, deadline.left())));
        wanted.forEach((partition, spec) -> {
            if (!found.containsKey(partition)) {
                OffsetAnswer answer = ask(partition, spec, deadline.left());
                Long offset = answer.offset();
                found.put(partition, offset == null ? answer.logEndOffset() : offset);
            }
        });
        return found;
    }

    /** The same offset of every partition. */
    Map<TopicPartition, Long> find(Collection<TopicPartition> partitions, OffsetSpec spec, Duration timeout) {
        Map<TopicPartition, OffsetSpec> wanted = new LinkedHashMap<>();
        partitions.forEach(partition -> wanted.put(partition, spec));
        return find(wanted, timeout);
    }

    /** By partition the first record at or after its time, for those that have one. */
    Map<TopicPartition, OffsetAndTimestamp> findByTime(Map<TopicPartition, Long> timestamps, Duration timeout) {
        Deadline deadline = Deadline.in(timeout);
        Map<TopicPartition, OffsetAndTimestamp> found = new LinkedHashMap<>();
        timestamps.forEach((partition, timestampMs) -> {
            OffsetSpec spec = OffsetSpec.atTime(Instant.ofEpochMilli(timestampMs));
            OffsetAnswer answer = ask(partition, spec, deadline.left());
            Long offset = answer.offset();
            String timestamp = answer.timestamp();
            if (offset != null && timestamp != null) {
                found.put(
                        partition,
                        new OffsetAndTimestamp(offset, Instant.parse(timestamp).toEpochMilli()));
            }
        });
        return found;
    }

    private Map<TopicPartition, Long> findByDescribing(
            List<TopicPartition> partitions, Map<TopicPartition, OffsetSpec> wanted, Duration timeout) {
        Map<TopicPartition, Long> found = new HashMap<>();
        String topic = partitions.get(0).topic();
        for (PartitionDescription description : describe(topic, timeout).partitions()) {
            TopicPartition partition = new TopicPartition(topic, description.partition());
            OffsetSpec spec = wanted.get(partition);
            if (spec instanceof OffsetSpec.Earliest) {
                found.put(partition, description.logStartOffset());
            } else if (spec instanceof OffsetSpec.Latest) {
                found.put(partition, description.logEndOffset());
            }
        }
        return found;
    }

    private OffsetAnswer ask(TopicPartition partition, OffsetSpec spec, Duration timeout) {
        return caller.call(Request.get(Request.partitionPath(partition) + "/offsets?at=" + at(spec)), timeout)
                .as(OffsetAnswer.class);
    }

    /** As the HTTP interface writes it. */
    static String at(OffsetSpec spec) {
        if (spec instanceof OffsetSpec.AtTime at) {
            Instant time = at.time().isAfter(LAST_RFC_3339) ? LAST_RFC_3339 : at.time();
            return time.toString();
        }
        return spec instanceof OffsetSpec.Earliest ? "earliest" : "latest";
    }
}
