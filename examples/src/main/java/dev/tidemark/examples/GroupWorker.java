package dev.tidemark.examples;

import dev.tidemark.client.AutoOffsetReset;
import dev.tidemark.client.ConsumerRecord;
import dev.tidemark.client.Deserializers;
import dev.tidemark.client.TidemarkConsumer;
import dev.tidemark.client.WakeupException;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/** One of any number of workers that share a topic's partitions. What it has worked on is committed by later polls, and when it is stopped: at least once. */
public final class GroupWorker implements Runnable {
    private final TidemarkConsumer<String, String> consumer;
    private final Consumer<ConsumerRecord<String, String>> work;
    private final String topic;

    public GroupWorker(String servers, String group, String topic, Consumer<ConsumerRecord<String, String>> work) {
        this.topic = topic;
        this.work = work;
        this.consumer = TidemarkConsumer.builder()
                .servers(servers)
                .groupId(group)
                .keyDeserializer(Deserializers.text())
                .valueDeserializer(Deserializers.text())
                .autoOffsetReset(AutoOffsetReset.EARLIEST)
                .build();
    }

    @Override
    public void run() {
        try (consumer) {
            consumer.subscribe(List.of(topic));
            while (true) {
                consumer.poll(Duration.ofSeconds(1)).forEach(work);
            }
        } catch (WakeupException stopped) {
            // Committed, and gone from the group.
        }
    }

    /** From any thread; {@link #run} commits, leaves the group and ends. */
    public void stop() {
        consumer.wakeup();
    }

    /** Arguments: servers, group, topic. */
    public static void main(String[] args) {
        GroupWorker worker = new GroupWorker(args[0], args[1], args[2], record -> System.out.println(record.value()));
        Thread running = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> worker.stopBeforeTheProcessEnds(running)));
        worker.run();
    }

    /** A process ends when its shutdown hooks have, whether or not its other threads are done. */
    private void stopBeforeTheProcessEnds(Thread running) {
        stop();
        try {
            running.join(20_000);
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        }
    }
}
