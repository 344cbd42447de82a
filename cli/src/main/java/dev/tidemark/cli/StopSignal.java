package dev.tidemark.cli;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Lets a command end in order on Ctrl-C or SIGTERM: runs what ends its waiting and holds the process, for a bounded time, until the command has closed this.
 * The exit code is then the signal's own (130, 143).
 */
final class StopSignal implements AutoCloseable {
    private final CountDownLatch finished = new CountDownLatch(1);
    private final Duration patience;
    private final Runnable onStop;
    private final Thread hook;
    private volatile boolean received;

    /**
     * @param patience how long the process is held after {@code onStop}
     * @param onStop runs on a thread of its own, for a bounded time
     */
    StopSignal(Duration patience, Runnable onStop) {
        this.patience = patience;
        this.onStop = onStop;
        this.hook = new Thread(this::stop, "tidemark-stop");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    boolean received() {
        return received;
    }

    private void stop() {
        received = true;
        onStop.run();
        try {
            finished.await(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        finished.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException alreadyStopping) {
            // The signal came: the hook has just been told that it may end.
        }
    }
}
