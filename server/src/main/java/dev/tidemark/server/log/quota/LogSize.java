package dev.tidemark.server.log.quota;

import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether the log is full: the size measured last, and what this server has appended since. Once full, it is until a twentieth of the bound is free, so
 * that it does not change from one request to the next. Thread-safe.
 */
final class LogSize {
    private static final Logger LOG = LoggerFactory.getLogger(LogSize.class);

    /** How much has to be free for appends to go on: this part of the bound. */
    private static final int REOPEN_FRACTION = 20;

    private final long maxBytes;
    private final AtomicLong appended = new AtomicLong();
    private volatile LogFigures measured = LogFigures.NONE;
    private volatile long appendedBefore;
    private volatile boolean full;

    /** @param maxBytes 0: no bound */
    LogSize(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    long maxBytes() {
        return maxBytes;
    }

    /** Below it appends are accepted again. */
    long reopenBytes() {
        return maxBytes - maxBytes / REOPEN_FRACTION;
    }

    LogFigures measured() {
        return measured;
    }

    long usedBytes() {
        return measured.diskBytes() + appended.get() - appendedBefore;
    }

    boolean isFull() {
        return full;
    }

    /** Bytes this server has been given to append so far. */
    long appended() {
        return appended.get();
    }

    /** @param rowBytes what the rows take, about */
    void append(long rowBytes) {
        appended.addAndGet(rowBytes);
        judge();
    }

    /** @param appendedThen what {@link #appended} said when the figures were taken */
    void measured(LogFigures figures, long appendedThen) {
        appendedBefore = appendedThen;
        measured = figures;
        judge();
    }

    private void judge() {
        if (maxBytes == 0) {
            return;
        }
        long used = usedBytes();
        if (!full && used >= maxBytes) {
            full = true;
            LOG.warn("the log is full, appends are refused disk_bytes={} max_log_bytes={}", used, maxBytes);
        } else if (full && used < reopenBytes()) {
            full = false;
            LOG.info("the log has room again disk_bytes={} max_log_bytes={}", used, maxBytes);
        }
    }
}
