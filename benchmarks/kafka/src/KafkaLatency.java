import dev.tidemark.benchmarks.latency.LatencyRun;
import dev.tidemark.benchmarks.load.Arguments;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** {@code --bootstrap-server --topic --linger-ms} and the arguments of {@link LatencyRun}: Kafka's end-to-end latency, every other setting default. */
public final class KafkaLatency {
    private KafkaLatency() {}

    public static void main(String[] args) throws Exception {
        Arguments arguments = new Arguments(args);
        String topic = arguments.text("topic");
        try (KafkaConsumer<byte[], byte[]> consumer = consumerAtEnd(arguments, topic);
                KafkaProducer<byte[], byte[]> producer = producer(arguments)) {
            System.out.println(LatencyRun.run(new ToTopic(producer, topic), new FromTopic(consumer), arguments).line());
        }
    }

    private static KafkaProducer<byte[], byte[]> producer(Arguments arguments) {
        return new KafkaProducer<>(
                Map.of(
                        ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, arguments.text("bootstrap-server"),
                        ProducerConfig.LINGER_MS_CONFIG, arguments.text("linger-ms")),
                new ByteArraySerializer(),
                new ByteArraySerializer());
    }

    private static KafkaConsumer<byte[], byte[]> consumerAtEnd(Arguments arguments, String topic) {
        KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(
                Map.of(
                        ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, arguments.text("bootstrap-server"),
                        ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
        List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                .map(info -> new TopicPartition(topic, info.partition()))
                .toList();
        consumer.assign(partitions);
        consumer.seekToEnd(partitions);
        partitions.forEach(consumer::position); // Seeks are lazy; this one must come before the first record.
        return consumer;
    }

    private record ToTopic(KafkaProducer<byte[], byte[]> producer, String topic) implements LatencyRun.Sender {
        @Override
        public void send(byte[] value) {
            producer.send(new ProducerRecord<>(topic, value));
        }
    }

    private record FromTopic(KafkaConsumer<byte[], byte[]> consumer) implements LatencyRun.Receiver {
        @Override
        public void poll(Duration timeout, Consumer<byte[]> values) {
            consumer.poll(timeout).forEach(record -> values.accept(record.value()));
        }
    }
}
