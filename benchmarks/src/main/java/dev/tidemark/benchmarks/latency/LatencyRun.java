package dev.tidemark.benchmarks.latency;

import dev.tidemark.benchmarks.load.Arguments;
import dev.tidemark.benchmarks.load.ToolResult;
import dev.tidemark.benchmarks.measure.LatencyMs;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.HdrHistogram.Histogram;

/**
 * End-to-end latency at a fixed rate, the same loop for every system: one process with one clock sends and receives.
 *
 * <p>A record's time starts at the moment it was planned for, not when a late sender got round to it, so a stall counts against every record that should
 * have been sent in it (no coordinated omission).
 */
public final class LatencyRun {
    private static final Duration POLL = Duration.ofMillis(100);

    /** How long the receiver may take for the records still under way when the last one is sent. */
    private static final long DRAIN_S = 30;

    private static final long HIGHEST_NANOS = TimeUnit.SECONDS.toNanos(60);

    /** The sending half of a system under test; used by one thread. */
    public interface Sender {
        void send(byte[] value);
    }

    /** The receiving half, already placed at the end of the topic; used by one thread. */
    public interface Receiver {
        /** Waits for records at most that long and gives each value to the consumer. */
        void poll(Duration timeout, Consumer<byte[]> values);
    }

    private final Sender sender;
    private final Receiver receiver;
    private final int size;
    private final long warmUpRecords;
    private final long records;
    private final long intervalNanos;
    private final Histogram histogram = new Histogram(HIGHEST_NANOS, 3);

    private LatencyRun(Sender sender, Receiver receiver, Arguments arguments) {
        this.sender = sender;
        this.receiver = receiver;
        int rate = arguments.number("rate");
        this.size = arguments.number("size");
        this.warmUpRecords = (long) rate * arguments.number("warm-up-seconds");
        this.records = (long) rate * arguments.number("seconds");
        this.intervalNanos = TimeUnit.SECONDS.toNanos(1) / rate;
    }

    /**
     * Sends {@code --rate} records a second of {@code --size} bytes for {@code --seconds}, after {@code --warm-up-seconds} that do not count.
     *
     * @throws IllegalStateException when records did not arrive
     */
    public static ToolResult run(Sender sender, Receiver receiver, Arguments arguments) throws Exception {
        return new LatencyRun(sender, receiver, arguments).run();
    }

    private ToolResult run() throws Exception {
        ExecutorService threads = Executors.newSingleThreadExecutor();
        try {
            Future<?> received = threads.submit(this::receive);
            long start = System.nanoTime();
            for (long i = 0; i < warmUpRecords + records; i++) {
                sendAt(start + i * intervalNanos, i);
            }
            await(received);
            return new ToolResult(records, records * intervalNanos / 1e9, latency());
        } finally {
            threads.shutdownNow();
        }
    }

    private void sendAt(long plannedNanos, long number) {
        for (long wait = plannedNanos - System.nanoTime(); wait > 0; wait = plannedNanos - System.nanoTime()) {
            LockSupport.parkNanos(wait);
        }
        sender.send(
                ByteBuffer.allocate(size).putLong(plannedNanos).putLong(number).array());
    }

    private void receive() {
        long[] arrived = {0};
        while (arrived[0] < warmUpRecords + records && !Thread.currentThread().isInterrupted()) {
            receiver.poll(POLL, value -> {
                arrived[0]++;
                ByteBuffer buffer = ByteBuffer.wrap(value);
                long nanos = System.nanoTime() - buffer.getLong();
                if (buffer.getLong() >= warmUpRecords) {
                    histogram.recordValue(Math.min(nanos, HIGHEST_NANOS));
                }
            });
        }
    }

    private static void await(Future<?> received) throws Exception {
        try {
            received.get(DRAIN_S, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new IllegalStateException(
                    "not every record arrived within " + DRAIN_S + " s of the last one sent", e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }

    private LatencyMs latency() {
        return new LatencyMs(
                histogram.getValueAtPercentile(50) / 1e6,
                histogram.getValueAtPercentile(99) / 1e6,
                histogram.getMaxValue() / 1e6);
    }
}
