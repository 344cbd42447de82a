package dev.tidemark.cli;

import dev.tidemark.client.ConsumerRebalanceListener;
import dev.tidemark.client.ConsumerRecord;
import dev.tidemark.client.ConsumerRecords;
import dev.tidemark.client.OffsetAndMetadata;
import dev.tidemark.client.TidemarkConsumer;
import dev.tidemark.client.TopicPartition;
import dev.tidemark.client.WakeupException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Prints records as a member of a group, and commits what it has printed: before a partition goes to another member, once a second, and at the end. What is committed has left this process.
 */
final class GroupRun implements ConsumerRebalanceListener {
    private static final Duration POLL = Duration.ofSeconds(1);
    private static final long COMMIT_NANOS = Duration.ofSeconds(1).toNanos();

    /** How long to wait, where an end is to be reached, for anything to read. */
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final TidemarkConsumer<byte[], byte[]> consumer;
    private final GroupStart start;
    private final RecordPrinter printer;
    private final Output out;
    private final @Nullable Map<TopicPartition, Long> ends;
    private final Map<TopicPartition, OffsetAndMetadata> printed = new HashMap<>();
    private final long beganNanos = System.nanoTime();
    private long committedNanos = System.nanoTime();
    private boolean wasAssigned;
    private long left;

    /**
     * @param ends where to stop in each partition; null: nowhere
     * @param maxRecords how many to print at most
     */
    GroupRun(
            TidemarkConsumer<byte[], byte[]> consumer,
            GroupStart start,
            RecordPrinter printer,
            Output out,
            @Nullable Map<TopicPartition, Long> ends,
            long maxRecords) {
        this.consumer = consumer;
        this.start = start;
        this.printer = printer;
        this.out = out;
        this.ends = ends;
        this.left = maxRecords;
    }

    /** Ends when there have been enough records, the ends are reached, or the process is told to stop; then all that was printed is committed. */
    void run(StopSignal stop) {
        try {
            while (!stop.received() && left > 0 && !isAtEnd()) {
                print(poll());
            }
        } catch (WakeupException stopped) {
            // By Ctrl-C or SIGTERM; what was printed is committed below.
        }
        out.flush();
        commitAtTheEnd();
    }

    private void print(ConsumerRecords<byte[], byte[]> records) {
        for (ConsumerRecord<byte[], byte[]> record : records) {
            if (left > 0 && isBeforeEnd(record)) {
                printer.print(record);
                printed.put(record.topicPartition(), new OffsetAndMetadata(record.offset() + 1));
                left--;
            }
        }
    }

    /** What is there already, or else what comes; before waiting everything printed so far is shown. */
    private ConsumerRecords<byte[], byte[]> poll() {
        ConsumerRecords<byte[], byte[]> ready = consumer.poll(Duration.ZERO);
        if (ready.isEmpty() || System.nanoTime() - committedNanos > COMMIT_NANOS) {
            out.flush();
            commitNowAndThen();
        }
        return ready.isEmpty() ? consumer.poll(POLL) : ready;
    }

    private void commitNowAndThen() {
        if (!printed.isEmpty() && System.nanoTime() - committedNanos > COMMIT_NANOS) {
            commit();
        }
    }

    private void commit() {
        committedNanos = System.nanoTime();
        if (!printed.isEmpty()) {
            consumer.commitSync(Map.copyOf(printed));
            printed.clear();
        }
    }

    private void commitAtTheEnd() {
        try {
            commit();
        } catch (WakeupException stopped) {
            // The signal came while nothing waited.
            commit();
        }
    }

    // ---- where it ends

    private boolean isBeforeEnd(ConsumerRecord<byte[], byte[]> record) {
        return ends == null || record.offset() < endOf(ends, record.topicPartition());
    }

    /** A partition that has come since has nothing of before. */
    private static long endOf(Map<TopicPartition, Long> ends, TopicPartition partition) {
        return ends.getOrDefault(partition, 0L);
    }

    private boolean isAtEnd() {
        if (ends == null) {
            return false;
        }
        if (!wasAssigned) {
            if (System.nanoTime() - beganNanos > PATIENCE.toNanos()) {
                throw new CommandFailed("the group has given this member no partition for " + PATIENCE.toSeconds()
                        + " s: others have them all");
            }
            return false;
        }
        return consumer.assignment().stream()
                .allMatch(partition -> consumer.position(partition) >= endOf(ends, partition));
    }

    // ---- partitions that come and go

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        start.seek(consumer, partitions);
        wasAssigned = true;
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        out.flush();
        commit();
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        printed.keySet().removeAll(partitions);
    }
}
