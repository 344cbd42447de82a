package dev.tidemark.server.postgres;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes sockets on which a write stands still, which Java bounds by itself as little as pgjdbc does. A thread of its own looks four times a second, as long as
 * there are any. Sockets are made by pgjdbc, by a class's name, so this belongs to nobody and is one for all.
 */
final class WriteWatch {
    private static final Logger LOG = LoggerFactory.getLogger(WriteWatch.class);

    private static final long LOOK_EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private static final Set<WatchedSocket> OPEN = new HashSet<>();
    private static @Nullable Thread watcher;

    private WriteWatch() {}

    static synchronized void watch(WatchedSocket socket) {
        if (socket.isClosed()) {
            return;
        }
        OPEN.add(socket);
        if (watcher == null) {
            watcher = new Thread(WriteWatch::run, "postgres-write-watch");
            watcher.setDaemon(true);
            watcher.start();
        }
    }

    static synchronized void forget(WatchedSocket socket) {
        OPEN.remove(socket);
    }

    private static void run() {
        while (goesOn()) {
            overdue().forEach(WriteWatch::abort);
            LockSupport.parkNanos(LOOK_EVERY_NANOS);
        }
    }

    private static synchronized boolean goesOn() {
        if (OPEN.isEmpty()) {
            watcher = null;
        }
        return watcher != null;
    }

    private static synchronized List<WatchedSocket> overdue() {
        long now = System.nanoTime();
        return OPEN.stream().filter(socket -> socket.isOverdue(now)).toList();
    }

    private static void abort(WatchedSocket socket) {
        LOG.warn(
                "PostgreSQL takes nothing of what is written to it, closing the connection local_port={}",
                socket.getLocalPort());
        try {
            socket.close();
        } catch (IOException e) {
            LOG.warn("a connection was not closed: {}", e.toString());
        }
    }
}
