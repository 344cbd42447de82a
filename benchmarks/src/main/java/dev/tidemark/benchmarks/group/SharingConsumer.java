package dev.tidemark.benchmarks.group;

import dev.tidemark.client.AutoOffsetReset;
import dev.tidemark.client.ConsumerBuilder;
import dev.tidemark.client.ConsumerRebalanceListener;
import dev.tidemark.client.TidemarkConsumer;
import dev.tidemark.client.TopicPartition;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

/** One consumer that reads its share: waits, paused, until it has it, and reads when told to. */
final class SharingConsumer implements Callable<Long> {
    private static final Duration SHORT = Duration.ofMillis(20);

    private final String server;
    private final String topic;
    private final int partitions;
    private final String group;
    private final int number;
    private final int consumers;
    private final CountDownLatch ready;
    private final CountDownLatch go;
    private final AtomicLong left;

    /** @param group empty: none, and its share is given to it */
    SharingConsumer(
            String server,
            String topic,
            int partitions,
            String group,
            int number,
            int consumers,
            CountDownLatch ready,
            CountDownLatch go,
            AtomicLong left) {
        this.server = server;
        this.topic = topic;
        this.partitions = partitions;
        this.group = group;
        this.number = number;
        this.consumers = consumers;
        this.ready = ready;
        this.go = go;
        this.left = left;
    }

    /** @return when, in nanoseconds, it saw that all was read */
    @Override
    public Long call() throws Exception {
        ConsumerBuilder<byte[], byte[]> builder =
                TidemarkConsumer.builder().servers(server).autoOffsetReset(AutoOffsetReset.EARLIEST);
        try (TidemarkConsumer<byte[], byte[]> consumer =
                group.isEmpty() ? builder.build() : builder.groupId(group).build()) {
            begin(consumer);
            while (consumer.assignment().size() != partitions / consumers) {
                consumer.poll(SHORT);
            }
            ready.countDown();
            while (go.getCount() > 0) {
                consumer.poll(Duration.ZERO);
                Thread.sleep(1);
            }
            consumer.resume(consumer.assignment());
            while (left.get() > 0) {
                left.addAndGet(-consumer.poll(SHORT).count());
            }
            return System.nanoTime();
        }
    }

    private void begin(TidemarkConsumer<byte[], byte[]> consumer) {
        if (group.isEmpty()) {
            List<TopicPartition> share = IntStream.range(0, partitions)
                    .filter(partition -> partition % consumers == number)
                    .mapToObj(partition -> new TopicPartition(topic, partition))
                    .toList();
            consumer.assign(share);
            consumer.pause(share);
        } else {
            consumer.subscribe(List.of(topic), new PauseAtFirst(consumer));
        }
    }

    /** Nothing is read before all have what is theirs. */
    private record PauseAtFirst(TidemarkConsumer<byte[], byte[]> consumer) implements ConsumerRebalanceListener {
        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> assigned) {
            consumer.pause(assigned);
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> revoked) {}
    }
}
