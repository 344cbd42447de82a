package dev.tidemark.client;

import java.net.URI;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Breaks off requests to a server that takes connections and has gone silent: a process that is stopped, or a machine that hangs. A request may rightly take long, so a server is silent only when
 * it does not answer whether it lives either. Thread-safe.
 */
final class SilenceWatch {
    /** Then the server is asked; and again each time twice as long after. */
    private static final Duration FIRST_LOOK = Duration.ofSeconds(2);

    private final HealthProbe probe;

    SilenceWatch(HealthProbe probe) {
        this.probe = probe;
    }

    /** Watches the calling thread's request, until that says it is over. */
    Watched begin(URI server) {
        return new Watched(server);
    }

    final class Watched {
        private final Thread caller = Thread.currentThread();
        private final URI server;
        private @Nullable CompletableFuture<Void> timer;
        private boolean over;
        private boolean brokenOff;

        private Watched(URI server) {
            this.server = server;
            lookIn(FIRST_LOOK);
        }

        private synchronized void lookIn(Duration pause) {
            if (over) {
                return;
            }
            CompletableFuture<Void> waiting = new CompletableFuture<>();
            timer = waiting;
            // Completed when the request is over, which takes it off the JDK's timer; else that ends it.
            waiting.orTimeout(pause.toNanos(), TimeUnit.NANOSECONDS).whenComplete((done, timeout) -> {
                if (timeout != null) {
                    look(pause);
                }
            });
        }

        private void look(Duration pause) {
            probe.answers(server).thenAccept(answers -> {
                if (answers) {
                    lookIn(pause.multipliedBy(2));
                } else {
                    breakOff();
                }
            });
        }

        private synchronized void breakOff() {
            if (!over) {
                over = true;
                brokenOff = true;
                caller.interrupt();
            }
        }

        /**
         * The request is over, one way or another. To be called by the thread that made it, whose interrupt flag is cleared if the watch has set it.
         *
         * @return whether the watch has broken it off
         */
        boolean end() {
            CompletableFuture<Void> waiting;
            synchronized (this) {
                over = true;
                waiting = timer;
                if (brokenOff) {
                    Thread.interrupted();
                }
            }
            if (waiting != null) {
                waiting.complete(null);
            }
            return brokenOff;
        }
    }
}
