package dev.tidemark.examples;

import dev.tidemark.client.ConsumerRecord;
import dev.tidemark.client.ConsumerRecords;
import dev.tidemark.client.ProducerRecord;
import dev.tidemark.client.TidemarkConsumer;
import dev.tidemark.client.TidemarkException;
import dev.tidemark.client.TidemarkProducer;
import java.time.Duration;
import java.util.function.UnaryOperator;

/** From one topic to another, exactly once: what was made of the records and that they were read are in the log together or not at all. Needs no database of its own. */
public final class ExactlyOncePipeline {
    private final TidemarkConsumer<String, String> consumer;
    private final TidemarkProducer<String, String> producer;
    private final String target;
    private final UnaryOperator<String> transform;

    /** @param consumer subscribed, with {@code enableAutoCommit(false)} */
    public ExactlyOncePipeline(
            TidemarkConsumer<String, String> consumer,
            TidemarkProducer<String, String> producer,
            String target,
            UnaryOperator<String> transform) {
        this.consumer = consumer;
        this.producer = producer;
        this.target = target;
        this.transform = transform;
    }

    /** One turn of the loop. @return how many records it has dealt with */
    public int step() {
        ConsumerRecords<String, String> records = consumer.poll(Duration.ofSeconds(1));
        try {
            producer.transaction(transaction -> {
                for (ConsumerRecord<String, String> record : records) {
                    String value = transform.apply(record.value());
                    transaction.send(new ProducerRecord<>(target, record.key(), value));
                }
                transaction.commit(consumer);
            });
            return records.count();
        } catch (TidemarkException failed) {
            // Nothing of it is in the log, or all of it: what the group has committed says which.
            consumer.seekToCommitted();
            return 0;
        }
    }
}
