package dev.tidemark.benchmarks.load;

import dev.tidemark.client.ProducerRecord;
import dev.tidemark.client.TidemarkProducer;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * What Kafka's tool of that name does, with Tidemark's SDK: sends values without keys as fast as it can, with a callback each, and counts from the first
 * send until the producer is closed. Every setting of the producer is the SDK's default.
 */
public final class ProducerPerformance {
    private ProducerPerformance() {}

    /** {@code --server --topic --records --payload-file}. */
    public static void main(String[] args) throws Exception {
        Arguments arguments = new Arguments(args);
        String topic = arguments.text("topic");
        int records = arguments.number("records");
        Payloads payloads = Payloads.read(arguments.file("payload-file"));
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        TidemarkProducer<byte[], byte[]> producer =
                TidemarkProducer.builder().servers(arguments.text("server")).build();
        long start = System.nanoTime();
        try (producer) {
            for (int i = 0; i < records; i++) {
                producer.send(new ProducerRecord<>(topic, payloads.next()), (metadata, exception) -> {
                    if (exception != null) {
                        failure.compareAndSet(null, exception);
                    }
                });
            }
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        Throwable first = failure.get();
        if (first != null) {
            throw new IllegalStateException("a record was not acknowledged", first);
        }
        System.out.println(new ToolResult(records, seconds).line());
    }
}
