package dev.tidemark.cli;

import dev.tidemark.client.ConsumerRecord;
import dev.tidemark.client.ConsumerRecords;
import dev.tidemark.client.TidemarkConsumer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Prints records as they come until there have been enough, the end is reached, or the process is told to stop. Only whole lines are ever printed. */
final class ConsumeRun {
    private static final Duration POLL = Duration.ofSeconds(1);

    private final TidemarkConsumer<byte[], byte[]> consumer;
    private final RecordPrinter printer;
    private final Output out;
    private final @Nullable LogEnds ends;
    private long left;

    /**
     * @param ends null: go on for ever
     * @param maxRecords how many to print at most
     */
    ConsumeRun(
            TidemarkConsumer<byte[], byte[]> consumer,
            RecordPrinter printer,
            Output out,
            @Nullable LogEnds ends,
            long maxRecords) {
        this.consumer = consumer;
        this.printer = printer;
        this.out = out;
        this.ends = ends;
        this.left = maxRecords;
    }

    /** @throws dev.tidemark.client.WakeupException when the stop signal ended a wait; everything printed has been flushed */
    void run(StopSignal stop) {
        try {
            while (!stop.received() && left > 0 && (ends == null || !ends.reached())) {
                printNext();
            }
        } finally {
            out.flush();
        }
    }

    private void printNext() {
        ConsumerRecords<byte[], byte[]> records = poll();
        for (ConsumerRecord<byte[], byte[]> record : records) {
            if (left > 0 && (ends == null || ends.isBeforeEnd(record))) {
                printer.print(record);
                left--;
            }
        }
        if (ends != null) {
            ends.polled(!records.isEmpty());
        }
    }

    /** What is there already, or else what comes; before waiting everything printed so far is shown. */
    private ConsumerRecords<byte[], byte[]> poll() {
        ConsumerRecords<byte[], byte[]> ready = consumer.poll(Duration.ZERO);
        if (!ready.isEmpty()) {
            return ready;
        }
        out.flush();
        return consumer.poll(POLL);
    }
}
