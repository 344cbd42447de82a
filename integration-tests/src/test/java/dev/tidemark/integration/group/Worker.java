package dev.tidemark.integration.group;

import dev.tidemark.client.ConsumerRebalanceListener;
import dev.tidemark.client.ConsumerRecord;
import dev.tidemark.client.TidemarkConsumer;
import dev.tidemark.client.TopicPartition;
import dev.tidemark.client.WakeupException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** A consumer on a thread of its own that notes what it reads, and what it is told, until it is stopped. */
final class Worker implements ConsumerRebalanceListener {
    final TidemarkConsumer<String, String> consumer;
    final List<String> values = new CopyOnWriteArrayList<>();
    final Set<TopicPartition> owned = ConcurrentHashMap.newKeySet();
    final List<String> told = new CopyOnWriteArrayList<>();
    private final CompletableFuture<Void> end = new CompletableFuture<>();

    Worker(TidemarkConsumer<String, String> consumer, String topic) {
        this.consumer = consumer;
        Thread thread = new Thread(() -> run(topic), "worker");
        thread.setDaemon(true);
        thread.start();
    }

    private void run(String topic) {
        try (consumer) {
            consumer.subscribe(List.of(topic), this);
            while (true) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(5))) {
                    values.add(record.value());
                }
            }
        } catch (WakeupException stopped) {
            // Below.
        } catch (RuntimeException | Error failure) {
            end.completeExceptionally(failure);
        }
        end.complete(null);
    }

    /** Stops it in order. @throws java.util.concurrent.CompletionException what went wrong meanwhile */
    void stop() {
        consumer.wakeup();
        end.join();
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        owned.addAll(partitions);
        told.add("assigned");
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        owned.removeAll(partitions);
        told.add("revoked");
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        owned.removeAll(partitions);
        told.add("lost");
    }
}
