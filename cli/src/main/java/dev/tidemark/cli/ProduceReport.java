package dev.tidemark.cli;

import dev.tidemark.client.InvalidRecordException;
import dev.tidemark.client.RecordTooLargeException;
import dev.tidemark.client.SerializationException;
import dev.tidemark.client.TidemarkException;
import dev.tidemark.client.UnknownTopicOrPartitionException;
import java.io.PrintStream;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps count of what became of the records and tells it on standard error: refused records at once and by line, how far it is on a terminal, and in the end
 * the sum. Thread-safe: records complete on the producer's thread.
 */
final class ProduceReport {
    private static final int REFUSALS_SHOWN = 20;
    private static final long PROGRESS_INTERVAL_NANOS = 200_000_000;
    private static final String CLEAR_LINE = "\r\033[K";

    private final String topic;
    private final PrintStream err;
    private final boolean drawsProgress;
    private final LongSupplier nanoClock;
    private final long startedAt;
    private final AtomicLong produced = new AtomicLong();
    private volatile long bytesRead;
    private long refused;
    private long unfinished;
    private @Nullable TidemarkException failure;
    private volatile boolean failed;
    private volatile long nextProgressAt;
    private boolean progressShown;
    private boolean finished;

    ProduceReport(String topic, Streams streams, LongSupplier nanoClock) {
        this.topic = topic;
        this.err = streams.err();
        this.drawsProgress = streams.errIsTerminal();
        this.nanoClock = nanoClock;
        this.startedAt = nanoClock.getAsLong();
        this.nextProgressAt = startedAt + PROGRESS_INTERVAL_NANOS;
    }

    /** Something stands in the way of all records, not of one: there is no use in going on. */
    boolean hasFailed() {
        return failed;
    }

    /** Only one thread may read. */
    void read(long bytes) {
        bytesRead = bytesRead + bytes;
    }

    /** A record has its outcome; without a failure it is in the log. */
    void completed(long line, boolean namesPartition, @Nullable TidemarkException outcome) {
        if (outcome == null) {
            produced.incrementAndGet();
            // Here too, because the reading may be over long before the last record is in the log.
            drawProgress();
        } else if (isRecordsFault(outcome, namesPartition)) {
            refused(line, outcome.errorCode().name(), String.valueOf(outcome.getMessage()));
        } else {
            failed(line, outcome);
        }
    }

    private static boolean isRecordsFault(TidemarkException outcome, boolean namesPartition) {
        return outcome instanceof InvalidRecordException
                || outcome instanceof RecordTooLargeException
                || outcome instanceof SerializationException
                || (outcome instanceof UnknownTopicOrPartitionException && namesPartition);
    }

    synchronized void refused(long line, String error, String detail) {
        refused++;
        if (refused <= REFUSALS_SHOWN) {
            clearProgress();
            err.println("line " + line + " refused: " + error + ": " + DisplayText.of(detail));
        }
    }

    private synchronized void failed(long line, TidemarkException outcome) {
        unfinished++;
        if (failure == null) {
            failure = outcome;
            failed = true;
            clearProgress();
            // Now and not at the end: the command may be waiting for input that never comes.
            err.println("tidemark: stopped at line " + line + ": " + Failures.explain(outcome));
        }
    }

    /** Draws how far it is, when somebody watches and some time has passed. */
    void drawProgress() {
        if (drawsProgress && nanoClock.getAsLong() - nextProgressAt >= 0) {
            drawProgressNow();
        }
    }

    private synchronized void drawProgressNow() {
        if (finished) {
            return;
        }
        nextProgressAt = nanoClock.getAsLong() + PROGRESS_INTERVAL_NANOS;
        progressShown = true;
        err.print(CLEAR_LINE + String.format(Locale.ROOT, "%,d records (%s)", produced.get(), speed()));
        err.flush();
    }

    private void clearProgress() {
        if (progressShown) {
            err.print(CLEAR_LINE);
            progressShown = false;
        }
    }

    /** Prints the sum, once. Returns the exit code. */
    synchronized int finish() {
        if (!finished) {
            finished = true;
            clearProgress();
            if (refused > REFUSALS_SHOWN) {
                err.println("… and " + (refused - REFUSALS_SHOWN) + " more refused");
            }
            err.println(summary());
            err.flush();
        }
        return refused == 0 && failure == null ? 0 : 1;
    }

    private String summary() {
        return Quantity.of(produced.get(), "record") + " produced to " + topic
                + (refused == 0 ? "" : ", " + refused + " refused")
                + (unfinished == 0 ? "" : ", " + unfinished + " not acknowledged")
                + " (" + speed() + ")";
    }

    private String speed() {
        double seconds = Math.max((nanoClock.getAsLong() - startedAt) / 1e9, 0.001);
        return String.format(
                Locale.ROOT, "%.1f MB in %.1f s, %,.0f records/s", bytesRead / 1e6, seconds, produced.get() / seconds);
    }
}
