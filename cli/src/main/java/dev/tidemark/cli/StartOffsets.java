package dev.tidemark.cli;

import dev.tidemark.client.OffsetAndTimestamp;
import dev.tidemark.client.TidemarkConsumer;
import dev.tidemark.client.TopicPartition;
import dev.tidemark.protocol.api.PartitionDescription;
import java.util.HashMap;
import java.util.Map;

/** Finds the offset to start at in each partition. */
final class StartOffsets {
    private StartOffsets() {}

    /** @throws CommandFailed when an offset asked for lies outside a partition's log */
    static Map<TopicPartition, Long> of(
            StartingPoint start,
            Map<TopicPartition, PartitionDescription> logs,
            TidemarkConsumer<byte[], byte[]> consumer) {
        Map<TopicPartition, OffsetAndTimestamp> found =
                start instanceof StartingPoint.AtTime time ? lookUp(time, logs, consumer) : Map.of();
        Map<TopicPartition, Long> offsets = new HashMap<>();
        logs.forEach((partition, log) -> {
            if (start instanceof StartingPoint.Earliest) {
                offsets.put(partition, log.logStartOffset());
            } else if (start instanceof StartingPoint.AtOffset at) {
                offsets.put(partition, inside(log, at.offset()));
            } else {
                OffsetAndTimestamp first = found.get(partition);
                offsets.put(partition, first == null ? log.logEndOffset() : first.offset());
            }
        });
        return offsets;
    }

    private static Map<TopicPartition, OffsetAndTimestamp> lookUp(
            StartingPoint.AtTime time,
            Map<TopicPartition, PartitionDescription> logs,
            TidemarkConsumer<byte[], byte[]> consumer) {
        Map<TopicPartition, Long> times = new HashMap<>();
        logs.keySet().forEach(partition -> times.put(partition, time.epochMs()));
        return consumer.offsetsForTimes(times);
    }

    private static long inside(PartitionDescription log, long offset) {
        if (offset < log.logStartOffset() || offset > log.logEndOffset()) {
            throw new CommandFailed("offset " + offset + " is outside the log of partition " + log.partition()
                    + ", which begins at " + log.logStartOffset() + " and ends before " + log.logEndOffset()
                    + "; --partition reads one partition only");
        }
        return offset;
    }
}
