package dev.tidemark.benchmarks.latency;

import dev.tidemark.benchmarks.load.Arguments;
import dev.tidemark.benchmarks.load.ToolResult;
import dev.tidemark.client.ConsumerRecord;
import dev.tidemark.client.ProducerRecord;
import dev.tidemark.client.TidemarkConsumer;
import dev.tidemark.client.TidemarkProducer;
import dev.tidemark.client.TopicPartition;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * {@code --server --topic --linger-ms} and the arguments of {@link LatencyRun}: Tidemark's end-to-end latency, every other setting default. With
 * {@code --consumer-server} the records are received from another server than the one they are sent to.
 */
public final class TidemarkLatency {
    private TidemarkLatency() {}

    public static void main(String[] args) throws Exception {
        System.out.println(run(new Arguments(args)).line());
    }

    static ToolResult run(Arguments arguments) throws Exception {
        String topic = arguments.text("topic");
        String server = arguments.text("server");
        Duration linger = Duration.ofMillis(arguments.number("linger-ms"));
        try (TidemarkConsumer<byte[], byte[]> consumer =
                        consumerAtEnd(arguments.text("consumer-server", server), topic);
                TidemarkProducer<byte[], byte[]> producer = TidemarkProducer.builder()
                        .servers(server)
                        .linger(linger)
                        .build()) {
            return LatencyRun.run(new ToTopic(producer, topic), new FromTopic(consumer), arguments);
        }
    }

    private static TidemarkConsumer<byte[], byte[]> consumerAtEnd(String server, String topic) {
        TidemarkConsumer<byte[], byte[]> consumer =
                TidemarkConsumer.builder().servers(server).build();
        List<TopicPartition> partitions = consumer.partitionsFor(topic);
        consumer.assign(partitions);
        consumer.seekToEnd(partitions);
        partitions.forEach(consumer::position); // Seeks may be lazy; this one must come before the first record.
        return consumer;
    }

    private record ToTopic(TidemarkProducer<byte[], byte[]> producer, String topic) implements LatencyRun.Sender {
        @Override
        public void send(byte[] value) {
            producer.send(new ProducerRecord<>(topic, value));
        }
    }

    private record FromTopic(TidemarkConsumer<byte[], byte[]> consumer) implements LatencyRun.Receiver {
        @Override
        public void poll(Duration timeout, Consumer<byte[]> values) {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(timeout)) {
                values.accept(record.value());
            }
        }
    }
}
