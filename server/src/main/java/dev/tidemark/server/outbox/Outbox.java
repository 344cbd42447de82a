package dev.tidemark.server.outbox;

import dev.tidemark.server.log.RecordLog;
import dev.tidemark.server.postgres.Database;
import dev.tidemark.server.topic.Topics;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The door to the outbox: from when it is made until it is closed, records that callers have staged with {@code tidemark.produce} and committed are put into
 * the log. See docs/internals/outbox.md.
 */
public final class Outbox implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Outbox.class);
    private static final Duration STOP_WITHIN = Duration.ofSeconds(5);

    private final Sequencer sequencer;
    private final Thread thread;

    /** @param isOldest whether this server is the one that usually does it; quick, asked at each look */
    public Outbox(Database database, Topics topics, RecordLog log, BooleanSupplier isOldest, MeterRegistry registry) {
        this(database, topics, log, isOldest, Rotation.USUAL, registry);
    }

    Outbox(
            Database database,
            Topics topics,
            RecordLog log,
            BooleanSupplier isOldest,
            Rotation rotation,
            MeterRegistry registry) {
        this.sequencer = new Sequencer(
                new StagedRecords(database), topics, log, isOldest, rotation, new OutboxMetrics(registry));
        this.thread = new Thread(sequencer, "outbox");
        thread.setDaemon(true);
        thread.start();
    }

    /** Begins nothing more, and waits for the append that is under way. Idempotent. */
    @Override
    public void close() {
        sequencer.stop();
        try {
            thread.join(STOP_WITHIN.toMillis());
            if (thread.isAlive()) {
                LOG.warn("the outbox did not stop within {}", STOP_WITHIN);
                thread.interrupt();
            }
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        }
    }
}
