package dev.tidemark.server.http;

import io.javalin.http.Context;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches the bodies that are coming in and the answers that are going out, and ends those that do not keep pace. When memory for them has run out it is less patient:
 * those that hardly move make room. One thread looks at all of them every second; a transfer itself costs an entry in a map. Thread-safe.
 */
final class SlowPeers implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SlowPeers.class);
    private static final String ATTRIBUTE = "tidemark.slow_peers";
    private static final long MAX_ROUND_MS = 1000;

    /** What must move in a second when others are refused for lack of memory. */
    private static final int PRESSED_BYTES_PER_SECOND = 64 * 1024;

    private static final long PRESSED_GRACE_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final Pace pace;
    private final Executor ending;
    /** With the bytes each had moved when it was last looked at. */
    private final Map<Transfer, Long> transfers = new ConcurrentHashMap<>();

    private volatile boolean pressed;
    private long lastLookNanos = System.nanoTime();
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(SlowPeers::thread);

    /** Bytes on their way in or out. */
    interface Transfer {
        /** {@link System#nanoTime} when it began. */
        long begunNanos();

        /** How many have moved. */
        long movedBytes();

        /** Ends it; perhaps more than once, perhaps when it has just ended by itself. */
        void tooSlow();
    }

    /** @param ending runs the ends of transfers, which may answer a request */
    SlowPeers(Pace pace, Executor ending) {
        this.pace = pace;
        this.ending = ending;
    }

    Pace pace() {
        return pace;
    }

    /** @param alsoLook is called as often, on the same thread */
    void start(Runnable alsoLook) {
        long everyMs = Math.max(10, Math.min(MAX_ROUND_MS, pace.grace().toMillis() / 4));
        thread.scheduleWithFixedDelay(() -> look(alsoLook), everyMs, everyMs, TimeUnit.MILLISECONDS);
    }

    /** Lets the request's handlers find this watch, however many hands they pass through. */
    void attend(Context ctx) {
        ctx.attribute(ATTRIBUTE, this);
    }

    static SlowPeers of(Context ctx) {
        SlowPeers attending = ctx.attribute(ATTRIBUTE);
        if (attending == null) {
            throw new IllegalStateException("a request that nobody watches");
        }
        return attending;
    }

    void watch(Transfer transfer) {
        transfers.put(transfer, 0L);
    }

    void leave(Transfer transfer) {
        transfers.remove(transfer);
    }

    int watched() {
        return transfers.size();
    }

    /** Memory has run out: whoever hardly moves is ended at the next look. */
    void press() {
        pressed = true;
    }

    private void look(Runnable alsoLook) {
        try {
            look();
            alsoLook.run();
        } catch (RuntimeException e) {
            LOG.warn("slow clients could not be looked at, to be tried again", e);
        }
    }

    private void look() {
        boolean impatient = pressed;
        pressed = false;
        long now = System.nanoTime();
        double leastBytes = (now - lastLookNanos) / 1e9 * PRESSED_BYTES_PER_SECOND;
        lastLookNanos = now;
        transfers.forEach((transfer, movedBefore) -> {
            long moved = transfer.movedBytes();
            long age = now - transfer.begunNanos();
            boolean crawls = impatient && age > PRESSED_GRACE_NANOS && moved - movedBefore < leastBytes;
            if (crawls || !pace.isKeptBy(moved, age)) {
                end(transfer);
            }
            transfers.replace(transfer, moved);
        });
    }

    private void end(Transfer transfer) {
        try {
            ending.execute(transfer::tooSlow);
        } catch (RejectedExecutionException e) {
            // The server is stopping, and so is the transfer.
            LOG.debug("a transfer that is too slow is left to the stop", e);
        }
    }

    private static Thread thread(Runnable work) {
        Thread thread = new Thread(work, "http-slow-peers");
        thread.setDaemon(true);
        return thread;
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
