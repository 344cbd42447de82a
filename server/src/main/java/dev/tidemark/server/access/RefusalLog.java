package dev.tidemark.server.access;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells the log of refusals, one line in a while however many there are: strangers must not fill a disk. Thread-safe. */
final class RefusalLog {
    private static final Logger LOG = LoggerFactory.getLogger(RefusalLog.class);
    private static final long EVERY_NANOS = Duration.ofSeconds(10).toNanos();

    private final AtomicLong nextNanos = new AtomicLong(System.nanoTime());
    private final AtomicLong untold = new AtomicLong();

    void refused(String reason, String client) {
        long now = System.nanoTime();
        long next = nextNanos.get();
        if (now - next >= 0 && nextNanos.compareAndSet(next, now + EVERY_NANOS)) {
            LOG.warn(
                    "authentication refused reason={} client={} untold_before={}", reason, client, untold.getAndSet(0));
        } else {
            untold.incrementAndGet();
        }
    }
}
