package dev.tidemark.benchmarks.group;

import dev.tidemark.client.TidemarkConsumer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A consumer in a group, polled on a thread of its own. */
final class PollingMember implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(100);

    private final TidemarkConsumer<byte[], byte[]> consumer;
    private final Thread thread;
    private final CompletableFuture<Void> failure = new CompletableFuture<>();
    private volatile int assigned;
    private volatile boolean closing;

    private PollingMember(TidemarkConsumer<byte[], byte[]> consumer, String topic) {
        this.consumer = consumer;
        this.thread = new Thread(() -> run(topic), "polling-member");
    }

    static PollingMember start(String server, String group, String topic) {
        PollingMember member = new PollingMember(
                TidemarkConsumer.builder().servers(server).groupId(group).build(), topic);
        member.thread.start();
        return member;
    }

    private void run(String topic) {
        try (consumer) {
            consumer.subscribe(List.of(topic));
            while (!closing) {
                consumer.poll(POLL);
                assigned = consumer.assignment().size();
            }
        } catch (RuntimeException e) {
            failure.completeExceptionally(e);
        }
        assigned = 0;
    }

    /** How many partitions it reads. @throws java.util.concurrent.CompletionException what ended its thread */
    int assigned() {
        failure.getNow(null);
        return assigned;
    }

    @Override
    public void close() throws InterruptedException {
        closing = true;
        thread.join();
    }
}
