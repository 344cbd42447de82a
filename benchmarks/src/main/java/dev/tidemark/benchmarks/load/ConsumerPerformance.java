package dev.tidemark.benchmarks.load;

import dev.tidemark.client.AutoOffsetReset;
import dev.tidemark.client.ConsumerRecord;
import dev.tidemark.client.ConsumerRecords;
import dev.tidemark.client.TidemarkConsumer;
import dev.tidemark.client.TopicPartition;
import java.time.Duration;
import java.util.List;

/**
 * What Kafka's tool of that name does, with Tidemark's SDK: reads a topic from its beginning, touches every value, and counts from the first poll to the
 * last record. Every setting of the consumer is the SDK's default.
 */
public final class ConsumerPerformance {
    private static final Duration POLL = Duration.ofMillis(100);
    private static final long SILENCE_NANOS = Duration.ofSeconds(30).toNanos();

    private ConsumerPerformance() {}

    /** {@code --server --topic --records}, the last over all passes; {@code --passes} (1) reads the topic that many times. */
    public static void main(String[] args) {
        Arguments arguments = new Arguments(args);
        int records = arguments.number("records");
        int passes = arguments.number("passes", 1);
        try (TidemarkConsumer<byte[], byte[]> consumer = TidemarkConsumer.builder()
                .servers(arguments.text("server"))
                .autoOffsetReset(AutoOffsetReset.EARLIEST)
                .build()) {
            List<TopicPartition> partitions = consumer.partitionsFor(arguments.text("topic"));
            consumer.assign(partitions);
            long start = System.nanoTime();
            for (int i = 0; i < passes; i++) {
                consumer.seekToBeginning(partitions);
                read(consumer, records);
            }
            System.out.println(new ToolResult((long) records * passes, (System.nanoTime() - start) / 1e9).line());
        }
    }

    private static void read(TidemarkConsumer<byte[], byte[]> consumer, int records) {
        long read = 0;
        long bytes = 0;
        long last = System.nanoTime();
        while (read < records) {
            ConsumerRecords<byte[], byte[]> polled = consumer.poll(POLL);
            for (ConsumerRecord<byte[], byte[]> record : polled) {
                byte[] value = record.value();
                bytes += value == null ? 0 : value.length;
            }
            read += polled.count();
            long now = System.nanoTime();
            if (!polled.isEmpty()) {
                last = now;
            } else if (now - last > SILENCE_NANOS) {
                throw new IllegalStateException(
                        "only " + read + " of " + records + " records (" + bytes + " bytes) came");
            }
        }
    }
}
