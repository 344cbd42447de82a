package dev.tidemark.cli;

import dev.tidemark.client.ConsumerRecord;
import dev.tidemark.client.TidemarkConsumer;
import dev.tidemark.client.TopicPartition;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Where reading stops in each partition. A partition read to its end is paused. */
final class LogEnds {
    /** Below the end there always is a record to come, so such a silence means that no server answers. */
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final TidemarkConsumer<byte[], byte[]> consumer;
    private final Map<TopicPartition, Long> open;
    private long lastRecordAt = System.nanoTime();

    LogEnds(TidemarkConsumer<byte[], byte[]> consumer, Map<TopicPartition, Long> ends) {
        this.consumer = consumer;
        this.open = new HashMap<>(ends);
        closeReached();
    }

    boolean reached() {
        return open.isEmpty();
    }

    boolean isBeforeEnd(ConsumerRecord<byte[], byte[]> record) {
        Long end = open.get(record.topicPartition());
        return end != null && record.offset() < end;
    }

    /** After the records of each poll have been looked at. */
    void polled(boolean hadRecords) {
        closeReached();
        if (hadRecords) {
            lastRecordAt = System.nanoTime();
        } else if (!reached() && System.nanoTime() - lastRecordAt > PATIENCE.toNanos()) {
            throw new CommandFailed("no record came for " + PATIENCE.toSeconds()
                    + " s although the log goes on: no server answers (partitions " + open.keySet() + ")");
        }
    }

    private void closeReached() {
        List<TopicPartition> reached = open.entrySet().stream()
                .filter(end -> consumer.position(end.getKey()) >= end.getValue())
                .map(Map.Entry::getKey)
                .toList();
        if (!reached.isEmpty()) {
            consumer.pause(reached);
            reached.forEach(open::remove);
        }
    }
}
