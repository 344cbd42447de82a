package dev.tidemark.cli;

import dev.tidemark.client.OffsetAndTimestamp;
import dev.tidemark.client.TidemarkConsumer;
import dev.tidemark.client.TopicPartition;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

/** Where a member of a group starts in partitions in which the group has committed nothing. */
record GroupStart(StartingPoint start) {
    void seek(TidemarkConsumer<byte[], byte[]> consumer, Collection<TopicPartition> assigned) {
        List<TopicPartition> unread = new ArrayList<>(assigned);
        unread.removeAll(consumer.committed(new HashSet<>(assigned)).keySet());
        if (unread.isEmpty()) {
            return;
        }
        if (start instanceof StartingPoint.Earliest) {
            consumer.seekToBeginning(unread);
        } else if (start instanceof StartingPoint.AtOffset at) {
            unread.forEach(partition -> consumer.seek(partition, at.offset()));
        } else if (start instanceof StartingPoint.AtTime time) {
            seekToTime(consumer, unread, time.epochMs());
        } else {
            consumer.seekToEnd(unread);
        }
    }

    private static void seekToTime(
            TidemarkConsumer<byte[], byte[]> consumer, List<TopicPartition> partitions, long epochMs) {
        Map<TopicPartition, Long> times = new HashMap<>();
        partitions.forEach(partition -> times.put(partition, epochMs));
        Map<TopicPartition, OffsetAndTimestamp> found = consumer.offsetsForTimes(times);
        List<TopicPartition> later = new ArrayList<>(partitions);
        later.removeAll(found.keySet());
        consumer.seekToEnd(later);
        found.forEach((partition, first) -> consumer.seek(partition, first.offset()));
    }
}
