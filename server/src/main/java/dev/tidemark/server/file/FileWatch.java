package dev.tidemark.server.file;

import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees when files change, by reading them: times and sizes may stay the same, and what Kubernetes mounts is changed by turning a link. A change is told once two readings in a row found the same,
 * so that nobody takes up a file that is being written. One thread for all; thread-safe.
 */
public final class FileWatch implements AutoCloseable {
    /** With two readings a change is taken up within about two seconds. */
    public static final Duration EVERY = Duration.ofSeconds(1);

    private static final Logger LOG = LoggerFactory.getLogger(FileWatch.class);

    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(FileWatch::thread);
    private final List<Watched> watched = new CopyOnWriteArrayList<>();

    public FileWatch(Duration every) {
        thread.scheduleWithFixedDelay(this::look, every.toNanos(), every.toNanos(), TimeUnit.NANOSECONDS);
    }

    private static Thread thread(Runnable work) {
        Thread thread = new Thread(work, "file-watch");
        thread.setDaemon(true);
        return thread;
    }

    /**
     * Calls back after each change from now on; a file that comes or goes has changed too. Register first and read then, so that no change falls between.
     *
     * @param changed called on the watch's thread, which should not be kept long; what it throws is logged
     */
    public void watch(List<Path> files, Runnable changed) {
        watched.add(new Watched(files, changed));
    }

    private void look() {
        for (Watched files : watched) {
            try {
                files.look();
            } catch (RuntimeException failure) {
                LOG.error("taking up changed files failed for a reason nobody foresaw files={}", files.files, failure);
            }
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }

    private static final class Watched {
        final List<Path> files;
        private final Runnable changed;
        private String known;
        private String lastRead;

        Watched(List<Path> files, Runnable changed) {
            this.files = List.copyOf(files);
            this.changed = changed;
            this.known = fingerprint(this.files);
            this.lastRead = known;
        }

        synchronized void look() {
            String now = fingerprint(files);
            boolean settled = now.equals(lastRead);
            lastRead = now;
            if (settled && !now.equals(known)) {
                known = now;
                changed.run();
            }
        }

        private static String fingerprint(List<Path> files) {
            StringBuilder all = new StringBuilder();
            for (Path file : files) {
                try {
                    all.append(HexFormat.of().formatHex(sha256(SmallFile.read(file))));
                } catch (UnusableFileException unreadable) {
                    all.append(unreadable.reason());
                }
                all.append('\n');
            }
            return all.toString();
        }

        private static byte[] sha256(byte[] content) {
            try {
                return MessageDigest.getInstance("SHA-256").digest(content);
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("every Java has SHA-256", e);
            }
        }
    }
}
