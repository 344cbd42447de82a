package dev.tidemark.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts PostgreSQL's postmaster, starts it again when it dies, stops it.
 *
 * <p>Does so on one platform thread that lives as long as the server: the signal that ends PostgreSQL with its parent is tied to the thread that
 * started it, not to the process.
 */
final class PostgresKeeper implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(PostgresKeeper.class);

    /** Recovery after a crash replays up to max_wal_size. */
    private static final Duration READY_WITHIN = Duration.ofMinutes(10);

    private static final Duration STILL_STARTING_EVERY = Duration.ofSeconds(10);
    private static final long POLL_MS = 10;

    /** Deaths in a row, each before PostgreSQL was ready, after which it is given up. */
    private static final int MAX_FAILED_STARTS = 5;

    private static final Duration IMMEDIATE_SHUTDOWN = Duration.ofSeconds(2);

    private final DataFolder folder;
    private final PostgresBinaries binaries;
    private final PostgresAccount account;
    private final int port;
    private final Runnable onGivenUp;
    private final CompletableFuture<Void> firstStart = new CompletableFuture<>();
    private final Thread thread = new Thread(this, "tidemark-postgres");

    /** Guards the two below. */
    private final Object lifecycle = new Object();

    private boolean stopping;
    private @Nullable Process postmaster;

    PostgresKeeper(
            DataFolder folder, PostgresBinaries binaries, PostgresAccount account, int port, Runnable onGivenUp) {
        this.folder = folder;
        this.binaries = binaries;
        this.account = account;
        this.port = port;
        this.onGivenUp = onGivenUp;
        thread.setDaemon(true);
    }

    /**
     * Returns when PostgreSQL takes connections.
     *
     * @throws EmbeddedPostgresException when it does not start
     */
    void start() {
        thread.start();
        try {
            firstStart.join();
        } catch (CompletionException failure) {
            if (failure.getCause() instanceof EmbeddedPostgresException cannotStart) {
                throw cannotStart;
            }
            throw new EmbeddedPostgresException("cannot start PostgreSQL: " + failure.getCause(), failure);
        }
    }

    @Override
    public void run() {
        try {
            Process running = launch();
            firstStart.complete(null);
            while (true) {
                int exitCode = running.waitFor();
                if (isStopping()) {
                    return;
                }
                LOG.warn("postgres died exit_code={}", exitCode);
                running = relaunch();
                LOG.info("postgres restarted");
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } catch (IOException | RuntimeException failure) {
            if (!firstStart.completeExceptionally(failure) && !isStopping()) {
                LOG.error("postgres given up reason=\"{}\"", failure.getMessage());
                onGivenUp.run();
            }
        }
    }

    private Process relaunch() throws IOException, InterruptedException {
        for (int failed = 1; ; failed++) {
            try {
                return launch();
            } catch (EmbeddedPostgresException failure) {
                if (failed == MAX_FAILED_STARTS || isStopping()) {
                    throw failure;
                }
                LOG.warn("postgres restart failed attempt={} reason=\"{}\"", failed, failure.getMessage());
                TimeUnit.MILLISECONDS.sleep(200L << failed);
            }
        }
    }

    private Process launch() throws IOException, InterruptedException {
        new Leftovers(folder.data(), account).clear();
        List<String> command = new ArrayList<>(
                List.of(binaries.postgres().toString(), "-D", folder.data().toString()));
        command.addAll(PostgresSettings.fixed(port));
        Path said = folder.log().resolve("start.log");
        Process process;
        synchronized (lifecycle) {
            if (stopping) {
                throw new EmbeddedPostgresException("PostgreSQL was stopped while it started");
            }
            process = Command.start(account.service(command), said);
            postmaster = process;
        }
        awaitReady(process);
        return process;
    }

    private void awaitReady(Process process) throws IOException, InterruptedException {
        long started = System.nanoTime();
        // File systems round times down.
        Instant since = Instant.now().minusSeconds(1);
        long nextWord = STILL_STARTING_EVERY.toNanos();
        while (!saysReady(process)) {
            if (process.waitFor(POLL_MS, TimeUnit.MILLISECONDS)) {
                throw new EmbeddedPostgresException(
                        "PostgreSQL did not start: " + PostgresLog.lastFailure(folder.log(), since));
            }
            long waited = System.nanoTime() - started;
            if (waited > READY_WITHIN.toNanos()) {
                throw new EmbeddedPostgresException(
                        "PostgreSQL was not ready within " + READY_WITHIN.toMinutes() + " min; see " + folder.log());
            }
            if (waited > nextWord) {
                nextWord += STILL_STARTING_EVERY.toNanos();
                LOG.info("postgres still starting waited_s={}", TimeUnit.NANOSECONDS.toSeconds(waited));
            }
        }
    }

    /** The postmaster keeps its state in the eighth line of its pid file. */
    private boolean saysReady(Process process) throws IOException {
        Path pidFile = folder.data().resolve("postmaster.pid");
        if (Files.notExists(pidFile)) {
            return false;
        }
        List<String> lines = Files.readAllLines(pidFile);
        return lines.size() >= 8
                && lines.get(0).strip().equals(Long.toString(process.pid()))
                && lines.get(7).strip().equals("ready");
    }

    private boolean isStopping() {
        synchronized (lifecycle) {
            return stopping;
        }
    }

    /** Stops PostgreSQL: cleanly, or at once when that takes longer than {@code patience}; the next start then recovers. */
    void stop(Duration patience) {
        Process process;
        synchronized (lifecycle) {
            stopping = true;
            process = postmaster;
        }
        try {
            if (process != null && !signalAndWait(process, "INT", patience)) {
                LOG.warn("postgres stops slowly waited_ms={}", patience.toMillis());
                if (!signalAndWait(process, "QUIT", IMMEDIATE_SHUTDOWN)) {
                    process.destroyForcibly();
                }
            }
            thread.join(IMMEDIATE_SHUTDOWN.toMillis());
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        }
    }

    private static boolean signalAndWait(Process process, String signal, Duration atMost) throws InterruptedException {
        if (process.isAlive()) {
            Command.signal(process.pid(), signal);
        }
        return process.waitFor(atMost.toMillis(), TimeUnit.MILLISECONDS);
    }
}
